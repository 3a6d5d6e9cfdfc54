// Score every sample, compare the conditions over all samples, write one report.
//
//   nextflow run main.nf --cohort cohort.h5ad --samples control_1,control_2,case_1,case_2
//
// A command leaves its outputs complete or not at all; what to do with its exit codes is in nextflow.config.

nextflow.enable.dsl = 2

params.cohort = 'cohort.h5ad'          // raw counts of all samples
params.samples = ''                    // values of sample_key, separated by commas
params.groupby = 'cell_type'
params.sample_key = 'sample'
params.condition_key = 'condition'
params.reference = 'control'          // the level that the others are set against
params.resource = 'breast'             // a name; not a path, which the work folders would not see
params.n_perms = 1000
params.outdir = 'results'

process SCORE_SAMPLE {
    tag "${sample}"
    cpus 2
    publishDir "${params.outdir}/samples", mode: 'copy'

    input:
    tuple val(sample), path(cohort)

    output:
    path "${sample}.csv", emit: table
    path "${sample}_untested.csv", emit: untested
    path "${sample}.json", emit: summary

    script:
    """
    commscore score '${cohort}' --normalize --where '${params.sample_key}=${sample}' --groupby '${params.groupby}' \\
        --resource '${params.resource}' --n-perms ${params.n_perms} --n-jobs ${task.cpus} \\
        --out '${sample}.csv' --untested '${sample}_untested.csv' --json --log-format json > '${sample}.json'
    """
}

process SCORE_COHORT {
    cpus 2
    publishDir params.outdir, mode: 'copy', pattern: 'scores.*'

    input:
    path cohort

    output:
    path 'scored.h5ad', emit: data
    path 'scores.csv', emit: table
    path 'scores.json', emit: summary

    script:
    """
    commscore score '${cohort}' --normalize --groupby '${params.groupby}' --resource '${params.resource}' \\
        --n-perms ${params.n_perms} --n-jobs ${task.cpus} --out scores.csv --data scored.h5ad \\
        --json --log-format json > scores.json
    """
}

process COMPARE {
    publishDir params.outdir, mode: 'copy'

    input:
    path scored

    output:
    path 'compared.h5ad', emit: data
    path 'shifts.csv', emit: table
    path 'shifts_untested.csv', emit: untested
    path 'shifts.json', emit: summary

    script:
    """
    commscore compare '${scored}' --groupby '${params.groupby}' --resource '${params.resource}' \\
        --condition-key '${params.condition_key}' --sample-key '${params.sample_key}' \\
        --reference '${params.reference}' --out shifts.csv --data compared.h5ad \\
        --untested shifts_untested.csv --json --log-format json > shifts.json
    """
}

process REPORT {
    publishDir params.outdir, mode: 'copy'

    input:
    path compared

    output:
    path 'report.html'

    script:
    """
    commscore report '${compared}' --out report.html --log-format json
    """
}

workflow {
    if (!params.samples) {
        error "--samples is empty: give the values of '${params.sample_key}', separated by commas"
    }
    cohort = file(params.cohort, checkIfExists: true)
    samples = Channel.fromList(params.samples.tokenize(',').collect { it.trim() })
    SCORE_SAMPLE(samples.map { sample -> tuple(sample, cohort) })
    SCORE_COHORT(cohort)
    COMPARE(SCORE_COHORT.out.data)
    REPORT(COMPARE.out.data)
}
