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
}
