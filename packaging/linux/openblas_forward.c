/* OpenCV's wheel and numpy's wheel each carry an OpenBLAS of their own: 39 MB and 25 MB of the same code, one built for 32-bit
 * and one for 64-bit integers. This library takes the place of OpenCV's and hands its 22 calls to numpy's, widening the
 * integers on the way. packaging/linux/one_openblas.sh builds it and checks that these are all the calls there are;
 * packaging/linux/check_openblas.py compares the results with numpy's.
 *
 * Interfaces: BLAS Technical Forum Standard (cblas), LAPACK Users' Guide, 3rd edition. Fortran passes every argument by address
 * and the lengths of characters at the end.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef int32_t narrow;
typedef int64_t wide;

/* General matrix products. */
#define REAL_GEMM(letter, type)                                                                                      \
    void scipy_cblas_##letter##gemm64_(int, int, int, wide, wide, wide, type, const type *, wide, const type *, wide, \
                                       type, type *, wide);                                                          \
    void cblas_##letter##gemm(int order, int ta, int tb, narrow m, narrow n, narrow k, type alpha, const type *a,     \
                              narrow lda, const type *b, narrow ldb, type beta, type *c, narrow ldc) {                \
        scipy_cblas_##letter##gemm64_(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);                   \
    }
REAL_GEMM(s, float)
REAL_GEMM(d, double)

#define COMPLEX_GEMM(letter)                                                                                         \
    void scipy_cblas_##letter##gemm64_(int, int, int, wide, wide, wide, const void *, const void *, wide,             \
                                       const void *, wide, const void *, void *, wide);                              \
    void cblas_##letter##gemm(int order, int ta, int tb, narrow m, narrow n, narrow k, const void *alpha,             \
                              const void *a, narrow lda, const void *b, narrow ldb, const void *beta, void *c,        \
                              narrow ldc) {                                                                          \
        scipy_cblas_##letter##gemm64_(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);                   \
    }
COMPLEX_GEMM(c)
COMPLEX_GEMM(z)

static narrow smaller(narrow a, narrow b) { return a < b ? a : b; }

/* Room for `count` pivots or work integers; LAPACK is called with INFO for an answer, so no memory is INFO below zero. */
static wide *integers(narrow count) { return malloc(sizeof(wide) * (size_t)(count > 0 ? count : 1)); }

static void narrowed(narrow *to, const wide *from, narrow count) {
    for (narrow i = 0; i < count; i++) to[i] = (narrow)from[i];
}

#define OUT_OF_MEMORY (-1000)

#define LAPACK(letter, type)                                                                                         \
    void scipy_##letter##gesv_64_(wide *, wide *, type *, wide *, wide *, type *, wide *, wide *);                    \
    void letter##gesv_(narrow *n, narrow *nrhs, type *a, narrow *lda, narrow *ipiv, type *b, narrow *ldb,             \
                       narrow *info) {                                                                               \
        wide n_ = *n, nrhs_ = *nrhs, lda_ = *lda, ldb_ = *ldb, info_ = 0, *ipiv_ = integers(*n);                      \
        if (!ipiv_) { *info = OUT_OF_MEMORY; return; }                                                               \
        scipy_##letter##gesv_64_(&n_, &nrhs_, a, &lda_, ipiv_, b, &ldb_, &info_);                                     \
        narrowed(ipiv, ipiv_, *n);                                                                                   \
        free(ipiv_);                                                                                                 \
        *info = (narrow)info_;                                                                                       \
    }                                                                                                                \
    void scipy_##letter##getrf_64_(wide *, wide *, type *, wide *, wide *, wide *);                                   \
    void letter##getrf_(narrow *m, narrow *n, type *a, narrow *lda, narrow *ipiv, narrow *info) {                     \
        wide m_ = *m, n_ = *n, lda_ = *lda, info_ = 0, *ipiv_ = integers(smaller(*m, *n));                            \
        if (!ipiv_) { *info = OUT_OF_MEMORY; return; }                                                               \
        scipy_##letter##getrf_64_(&m_, &n_, a, &lda_, ipiv_, &info_);                                                 \
        narrowed(ipiv, ipiv_, smaller(*m, *n));                                                                      \
        free(ipiv_);                                                                                                 \
        *info = (narrow)info_;                                                                                       \
    }                                                                                                                \
    void scipy_##letter##posv_64_(char *, wide *, wide *, type *, wide *, type *, wide *, wide *, size_t);            \
    void letter##posv_(char *uplo, narrow *n, narrow *nrhs, type *a, narrow *lda, type *b, narrow *ldb,               \
                       narrow *info) {                                                                               \
        wide n_ = *n, nrhs_ = *nrhs, lda_ = *lda, ldb_ = *ldb, info_ = 0;                                             \
        scipy_##letter##posv_64_(uplo, &n_, &nrhs_, a, &lda_, b, &ldb_, &info_, 1);                                   \
        *info = (narrow)info_;                                                                                       \
    }                                                                                                                \
    void scipy_##letter##potrf_64_(char *, wide *, type *, wide *, wide *, size_t);                                   \
    void letter##potrf_(char *uplo, narrow *n, type *a, narrow *lda, narrow *info) {                                  \
        wide n_ = *n, lda_ = *lda, info_ = 0;                                                                        \
        scipy_##letter##potrf_64_(uplo, &n_, a, &lda_, &info_, 1);                                                    \
        *info = (narrow)info_;                                                                                       \
    }                                                                                                                \
    void scipy_##letter##gels_64_(char *, wide *, wide *, wide *, type *, wide *, type *, wide *, type *, wide *,     \
                                  wide *, size_t);                                                                   \
    void letter##gels_(char *trans, narrow *m, narrow *n, narrow *nrhs, type *a, narrow *lda, type *b, narrow *ldb,   \
                       type *work, narrow *lwork, narrow *info) {                                                    \
        wide m_ = *m, n_ = *n, nrhs_ = *nrhs, lda_ = *lda, ldb_ = *ldb, lwork_ = *lwork, info_ = 0;                   \
        scipy_##letter##gels_64_(trans, &m_, &n_, &nrhs_, a, &lda_, b, &ldb_, work, &lwork_, &info_, 1);              \
        *info = (narrow)info_;                                                                                       \
    }                                                                                                                \
    void scipy_##letter##geqrf_64_(wide *, wide *, type *, wide *, type *, type *, wide *, wide *);                   \
    void letter##geqrf_(narrow *m, narrow *n, type *a, narrow *lda, type *tau, type *work, narrow *lwork,             \
                        narrow *info) {                                                                              \
        wide m_ = *m, n_ = *n, lda_ = *lda, lwork_ = *lwork, info_ = 0;                                               \
        scipy_##letter##geqrf_64_(&m_, &n_, a, &lda_, tau, work, &lwork_, &info_);                                    \
        *info = (narrow)info_;                                                                                       \
    }                                                                                                                \
    void scipy_##letter##gesdd_64_(char *, wide *, wide *, type *, wide *, type *, type *, wide *, type *, wide *,    \
                                   type *, wide *, wide *, wide *, size_t);                                          \
    void letter##gesdd_(char *jobz, narrow *m, narrow *n, type *a, narrow *lda, type *s, type *u, narrow *ldu,        \
                        type *vt, narrow *ldvt, type *work, narrow *lwork, narrow *iwork, narrow *info) {             \
        wide m_ = *m, n_ = *n, lda_ = *lda, ldu_ = *ldu, ldvt_ = *ldvt, lwork_ = *lwork, info_ = 0;                   \
        wide *iwork_ = integers(8 * smaller(*m, *n));                                                                \
        (void)iwork;                                                                                                 \
        if (!iwork_) { *info = OUT_OF_MEMORY; return; }                                                              \
        scipy_##letter##gesdd_64_(jobz, &m_, &n_, a, &lda_, s, u, &ldu_, vt, &ldvt_, work, &lwork_, iwork_, &info_,   \
                                  1);                                                                                \
        free(iwork_);                                                                                                \
        *info = (narrow)info_;                                                                                       \
    }
LAPACK(s, float)
LAPACK(d, double)

void scipy_dgeev_64_(char *, char *, wide *, double *, wide *, double *, double *, double *, wide *, double *, wide *,
                     double *, wide *, wide *, size_t, size_t);
void dgeev_(char *jobvl, char *jobvr, narrow *n, double *a, narrow *lda, double *wr, double *wi, double *vl,
            narrow *ldvl, double *vr, narrow *ldvr, double *work, narrow *lwork, narrow *info) {
    wide n_ = *n, lda_ = *lda, ldvl_ = *ldvl, ldvr_ = *ldvr, lwork_ = *lwork, info_ = 0;
    scipy_dgeev_64_(jobvl, jobvr, &n_, a, &lda_, wr, wi, vl, &ldvl_, vr, &ldvr_, work, &lwork_, &info_, 1, 1);
    *info = (narrow)info_;
}
