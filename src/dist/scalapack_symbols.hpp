/// The routines of ScaLAPACK and BLACS in use; no package has headers for them. Private to dist/.
#pragma once

#include <mpi.h>

extern "C" {

int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int* context, char const* order, int rows, int cols);
void Cblacs_gridexit(int context);

void pdsyevd_(char const* jobz, char const* uplo, int const* n, double* a, int const* ia, int const* ja,
              int const* desc_a, double* w, double* z, int const* iz, int const* jz, int const* desc_z, double* work,
              int const* lwork, int* iwork, int const* liwork, int* info);

void pdsyevr_(char const* jobz, char const* range, char const* uplo, int const* n, double* a, int const* ia,
              int const* ja, int const* desc_a, double const* vl, double const* vu, int const* il, int const* iu,
              int* m, int* nz, double* w, double* z, int const* iz, int const* jz, int const* desc_z, double* work,
              int const* lwork, int* iwork, int const* liwork, int* info);

void pdgesvd_(char const* jobu, char const* jobvt, int const* m, int const* n, double* a, int const* ia, int const* ja,
              int const* desc_a, double* s, double* u, int const* iu, int const* ju, int const* desc_u, double* vt,
              int const* ivt, int const* jvt, int const* desc_vt, double* work, int const* lwork, int* info);

void pdpotrf_(char const* uplo, int const* n, double* a, int const* ia, int const* ja, int const* desc_a, int* info);

void pdgemm_(char const* trans_a, char const* trans_b, int const* m, int const* n, int const* k, double const* alpha,
             double const* a, int const* ia, int const* ja, int const* desc_a, double const* b, int const* ib,
             int const* jb, int const* desc_b, double const* beta, double* c, int const* ic, int const* jc,
             int const* desc_c);

void pdsyrk_(char const* uplo, char const* trans, int const* n, int const* k, double const* alpha, double const* a,
             int const* ia, int const* ja, int const* desc_a, double const* beta, double* c, int const* ic,
             int const* jc, int const* desc_c);

void pdtrsm_(char const* side, char const* uplo, char const* trans, char const* diag, int const* m, int const* n,
             double const* alpha, double const* a, int const* ia, int const* ja, int const* desc_a, double* b,
             int const* ib, int const* jb, int const* desc_b);

void pdgemr2d_(int const* m, int const* n, double const* a, int const* ia, int const* ja, int const* desc_a, double* b,
               int const* ib, int const* jb, int const* desc_b, int const* context);
}
