# Reference values for the published composition factors: edgeR's calcNormFactors(method = "TMM").
# Run in this folder: Rscript tmm.R    Written: tmm_counts.csv (genes × samples), tmm_factors.csv (sample, library, factor)
library(edgeR)
set.seed(1)
genes <- 400
samples <- 9
rate <- exp(rnorm(genes, 3, 1.8))
rate[1:60] <- rate[1:60] / 200 # many zeros and ties
depth <- c(1, 1, 0.05, 3, 0.4, 1, 2, 0.8, 1)
counts <- matrix(rnbinom(genes * samples, mu = outer(rate, depth), size = 8), genes, samples)
counts[100, 4:6] <- counts[100, 4:6] + round(0.4 * colSums(counts)[4:6]) # a dominant gene
counts[101:180, 7] <- counts[101:180, 7] * 4 # a fifth of the genes
counts[, 9] <- 3 * counts[, 1] # proportional to another sample
colnames(counts) <- paste0("s", seq_len(samples))
library <- colSums(counts)
library[8] <- round(1.5 * library[8]) # genes outside the table
y <- calcNormFactors(DGEList(counts, lib.size = library), method = "TMM")
write.csv(counts, "tmm_counts.csv", row.names = FALSE, quote = FALSE)
write.csv(
  data.frame(
    sample = colnames(counts), library = library, factor = sprintf("%.12f", y$samples$norm.factors),
    edger = as.character(packageVersion("edgeR"))
  ),
  "tmm_factors.csv", row.names = FALSE, quote = FALSE
)
