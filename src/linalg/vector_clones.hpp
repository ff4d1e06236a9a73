/// Functions whose loops are compiled for several processors.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CONFER_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CONFER_VECTOR_CLONES
#endif
