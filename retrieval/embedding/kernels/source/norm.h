// Layer norm: each row to mean 0 and variance 1, then stretched and shifted.
#pragma once

#include <cmath>

#include "rows.h"

namespace encoder {

struct Norm {
  const float *weight, *bias;
};

// x + constant in place, normalised; `rounded` gets the same for the next product. `width` is a
// multiple of 32.
inline void normalise_row(const Norm& norm, float epsilon, const float* constant, int64_t width,
                          float* x, BFloat16* rounded) {
  __m512 sums = _mm512_setzero_ps(), squares = _mm512_setzero_ps();
  for (int64_t i = 0; i < width; i += kLanes) {
    const __m512 value = _mm512_add_ps(_mm512_loadu_ps(x + i), _mm512_loadu_ps(constant + i));
    _mm512_storeu_ps(x + i, value);
    sums = _mm512_add_ps(sums, value);
  }
  const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sums) / static_cast<float>(width));
  for (int64_t i = 0; i < width; i += kLanes) {
    const __m512 apart = _mm512_sub_ps(_mm512_loadu_ps(x + i), mean);
    squares = _mm512_fmadd_ps(apart, apart, squares);
  }
  const float variance = _mm512_reduce_add_ps(squares) / static_cast<float>(width);
  const __m512 factor = _mm512_set1_ps(1.0f / std::sqrt(variance + epsilon));
  const auto normal = [&](int64_t i) {
    const __m512 apart = _mm512_sub_ps(_mm512_loadu_ps(x + i), mean);
    const __m512 y = _mm512_fmadd_ps(_mm512_mul_ps(apart, factor), _mm512_loadu_ps(norm.weight + i),
                                     _mm512_loadu_ps(norm.bias + i));
    _mm512_storeu_ps(x + i, y);
    return y;
  };
  for (int64_t i = 0; i < width; i += kDepth) {
    const __m512 left = normal(i), right = normal(i + kLanes);
    store(rounded + i * kSquare, left, right);
  }
}

inline void normalise(const Norm& norm, float epsilon, const float* constant, int64_t rows,
                      int64_t width, float* x, const TiledRows& rounded) {
  for (int64_t row = 0; row < rows; ++row) {
    normalise_row(norm, epsilon, constant, width, x + row * width, rounded.line(row, 0));
  }
}

}  // namespace encoder
