# limma-voom, edgeR (quasi-likelihood) and DESeq2 on pseudobulks; called by compare_limma.py.
#
#   Rscript compare_limma.R FOLDER METHOD[,METHOD]
#
# FOLDER/jobs.csv: one line per cohort x group of cells: job, n_samples, n_genes, n_columns, nested.
# FOLDER/counts.bin: int32, job after job, genes fastest. FOLDER/design.bin, FOLDER/patient.bin: doubles and int32 in the
# same order (design by sample, patient 0 where there is none). The tested coefficient is the last column. Written:
# FOLDER/METHOD.bin, doubles: for every job p-values, then log2 changes, genes in order; FOLDER/METHOD.time: CPU seconds.
# Every call has the package's defaults. METHOD kept writes what edgeR's filterByExpr keeps.

suppressPackageStartupMessages({
  library(limma)
  library(edgeR)
})

voomed <- function(counts, design, patient) {
  y <- calcNormFactors(DGEList(counts), method = "TMM")
  v <- voom(y, design)
  if (is.null(patient)) {
    fit <- lmFit(v, design)
  } else { # two rounds, as the manual of duplicateCorrelation says
    correlation <- duplicateCorrelation(v, design, block = patient)$consensus
    v <- voom(y, design, block = patient, correlation = correlation)
    correlation <- duplicateCorrelation(v, design, block = patient)$consensus
    fit <- lmFit(v, design, block = patient, correlation = correlation)
  }
  fit <- eBayes(fit)
  list(p = fit$p.value[, ncol(design)], effect = fit$coefficients[, ncol(design)])
}

quasi <- function(counts, design, patient) {
  y <- calcNormFactors(DGEList(counts), method = "TMM")
  y <- estimateDisp(y, design)
  table <- glmQLFTest(glmQLFit(y, design), coef = ncol(design))$table
  list(p = table$PValue, effect = table$logFC)
}

deseq <- function(counts, design, patient) {
  columns <- data.frame(design)
  colnames(design) <- paste0("x", seq_len(ncol(design)))
  y <- DESeqDataSetFromMatrix(counts, columns, design)
  y <- suppressWarnings(DESeq(y, quiet = TRUE))
  table <- results(y, name = resultsNames(y)[ncol(design)], independentFiltering = FALSE)
  list(p = table$pvalue, effect = table$log2FoldChange)
}

# which genes the manuals of limma and edgeR would keep: 1 in place of a p-value
kept <- function(counts, design, patient) {
  is_kept <- as.numeric(filterByExpr(DGEList(counts), design))
  list(p = is_kept, effect = is_kept)
}

runners <- list(voom = voomed, edgeR = quasi, DESeq2 = deseq, kept = kept)
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
jobs <- read.csv(file.path(folder, "jobs.csv"))
methods <- strsplit(arguments[2], ",")[[1]]
if ("DESeq2" %in% methods) suppressPackageStartupMessages(library(DESeq2))
for (name in methods) {
  counts_file <- file(file.path(folder, "counts.bin"), "rb")
  design_file <- file(file.path(folder, "design.bin"), "rb")
  patient_file <- file(file.path(folder, "patient.bin"), "rb")
  out <- file(file.path(folder, paste0(name, ".bin")), "wb")
  spent <- numeric(nrow(jobs))
  for (i in seq_len(nrow(jobs))) {
    job <- jobs[i, ]
    counts <- matrix(readBin(counts_file, "integer", job$n_samples * job$n_genes), job$n_genes)
    design <- matrix(readBin(design_file, "double", job$n_samples * job$n_columns), job$n_samples, byrow = TRUE)
    patient <- readBin(patient_file, "integer", job$n_samples)
    dimnames(counts) <- list(paste0("g", seq_len(nrow(counts))), paste0("s", seq_len(ncol(counts))))
    before <- proc.time()
    found <- tryCatch(
      runners[[name]](counts, design, if (job$nested == 1) patient else NULL),
      error = function(e) {
        message(name, ", job ", i, ": ", conditionMessage(e))
        list(p = rep(NA_real_, nrow(counts)), effect = rep(NA_real_, nrow(counts)))
      }
    )
    spent[i] <- sum((proc.time() - before)[1:2])
    writeBin(as.double(c(found$p, found$effect)), out)
  }
  for (open in list(counts_file, design_file, patient_file, out)) close(open)
  writeLines(as.character(spent), file.path(folder, paste0(name, ".time")))
}
