# Makes limma_*.csv: inputs, and what limma finds in them. Rscript limma.R FOLDER
#
# 40 rows on 10 samples; design: intercept, a covariate, condition (tested). Row variances differ (9 prior degrees of
# freedom), weights are log-normal, patients have two samples each. limma_fits.csv: one line per fit and row. The
# correlation of the blocked fits is given (0.4) or the consensus of duplicateCorrelation. limma_prior.csv: fitFDist on
# row variances of 3 to 9 degrees of freedom, and on variances that all agree.

suppressPackageStartupMessages(library(limma))
folder <- commandArgs(trailingOnly = TRUE)[1]
put <- function(table, name) {
  numbers <- vapply(table, is.numeric, TRUE)
  table[numbers] <- lapply(table[numbers], sprintf, fmt = "%.15g")
  write.csv(table, file.path(folder, name), row.names = FALSE, quote = FALSE)
}

RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20)
n <- 10
m <- 40
patient <- rep(1:5, each = 2)
design <- cbind(intercept = 1, covariate = round(rnorm(n), 3), condition = rep(c(0, 1, 0, 1, 1), 2))
sd <- 0.5 * sqrt(9 / rchisq(m, 9))
y <- 0.7 * sd * matrix(rnorm(m * 5), m)[, patient] + sd * matrix(rnorm(m * n), m)
y[1:6, ] <- y[1:6, ] + outer(rep(1.5, 6), design[, "condition"])
y <- round(y, 6)
weights <- round(matrix(exp(rnorm(m * n, 0, 0.6)), m), 6)
colnames(y) <- colnames(weights) <- paste0("s", 1:n)
put(data.frame(design, patient), "limma_design.csv")
put(data.frame(y), "limma_values.csv")
put(data.frame(weights), "limma_weights.csv")

consensus <- duplicateCorrelation(y, design, block = patient)$consensus.correlation
fits <- list(
  unweighted = lmFit(y, design),
  weighted = lmFit(y, design, weights = weights),
  blocked = lmFit(y, design, block = patient, correlation = 0.4),
  blocked_weighted = lmFit(y, design, weights = weights, block = patient, correlation = 0.4),
  consensus = lmFit(y, design, block = patient, correlation = consensus)
)
out <- lapply(names(fits), function(name) {
  fit <- eBayes(fits[[name]])
  data.frame(
    fit = name, row = 1:m, correlation = switch(name, blocked = , blocked_weighted = 0.4, consensus = consensus, 0),
    coefficient = fit$coefficients[, "condition"], stdev_unscaled = fit$stdev.unscaled[, "condition"],
    variance = fit$sigma^2, df = fit$df.residual, prior_df = fit$df.prior, prior_variance = fit$s2.prior,
    posterior = fit$s2.post, total_df = fit$df.total, t = fit$t[, "condition"], p = fit$p.value[, "condition"]
  )
})
put(do.call(rbind, out), "limma_fits.csv")

df <- rep(c(3, 4.5, 6, 9), length.out = 200)
heterogeneous <- 0.3 * rchisq(200, df) / df / (rchisq(200, 6) / 6)
alike <- rep(c(0.9, 1, 1.1, 1.2), length.out = 200)
priors <- lapply(list(heterogeneous = heterogeneous, alike = alike), fitFDist, df1 = df)
put(data.frame(df, heterogeneous, alike), "limma_variances.csv")
put(
  data.frame(
    variances = names(priors), prior_df = vapply(priors, function(p) p$df2, 0),
    prior_variance = vapply(priors, function(p) p$scale, 0)
  ),
  "limma_prior.csv"
)
versions <- c(R = paste(R.version$major, R.version$minor, sep = "."), limma = as.character(packageVersion("limma")))
writeLines(paste(names(versions), versions), file.path(folder, "limma_versions.txt"))
