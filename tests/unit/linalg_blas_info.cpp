#include <gtest/gtest.h>

#include "confer/linalg/blas_info.hpp"

namespace confer {

TEST(BlasInfo, NamesTheLibrariesInUse) {
  BlasInfo const info = blas_info();
  EXPECT_NE(info.library.find("blas"), std::string::npos) << info.library;
  EXPECT_FALSE(info.lapack_library.empty());
  EXPECT_GE(info.threads, 1);
}

TEST(BlasInfo, ThreadsFollowTheSetting) {
  if (!blas_info().parallel) {
    set_blas_threads(2);
    EXPECT_EQ(blas_info().threads, 1);
    return;
  }
  int const before = blas_info().threads;
  set_blas_threads(2);
  EXPECT_EQ(blas_info().threads, 2);
  set_blas_threads(0);
  EXPECT_EQ(blas_info().threads, 1);
  set_blas_threads(before);
}

TEST(BlasInfo, KernelFamiliesAreRankedByTheirInstructions) {
  EXPECT_EQ(kernel_vector_unit("SkylakeX"), VectorUnit::avx512);
  EXPECT_EQ(kernel_vector_unit("COOPERLAKE"), VectorUnit::avx512);
  EXPECT_EQ(kernel_vector_unit("Haswell"), VectorUnit::avx2);
  EXPECT_EQ(kernel_vector_unit("Prescott"), VectorUnit::sse);
  EXPECT_EQ(kernel_vector_unit("armv8"), VectorUnit::other);
  EXPECT_LT(kernel_vector_unit("Zen"), VectorUnit::avx512);
}

}  // namespace confer
