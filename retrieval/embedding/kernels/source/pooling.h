// One vector for a text: the direction of the mean of its tokens' states.
#pragma once

#include <algorithm>
#include <cmath>

#include "vectors.h"

namespace encoder {

// states (tokens, width) to a vector of length 1; `width` is a multiple of 16.
inline void pool(const float* states, int64_t tokens, int64_t width, float* vector) {
  __m512 squares = _mm512_setzero_ps();
  for (int64_t i = 0; i < width; i += kLanes) {
    __m512 sum = _mm512_setzero_ps();
    for (int64_t token = 0; token < tokens; ++token) {
      sum = _mm512_add_ps(sum, _mm512_loadu_ps(states + token * width + i));
    }
    squares = _mm512_fmadd_ps(sum, sum, squares);
    _mm512_storeu_ps(vector + i, sum);
  }
  const float length = std::max(std::sqrt(_mm512_reduce_add_ps(squares)), 1e-12f);
  for (int64_t i = 0; i < width; ++i) vector[i] /= length;
}

}  // namespace encoder
