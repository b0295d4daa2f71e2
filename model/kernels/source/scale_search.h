// The scale that rounds each group of 32 weights to int4 best, as model/quantised/rounding.py says.
#pragma once

#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include "quantised.h"
#include "vectors.h"

namespace sourcebook {

using torch::stable::Tensor;

inline __m512 round_to_int4(__m512 w, __m512 inverse) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  const __m512 q = _mm512_roundscale_ps(_mm512_mul_ps(w, inverse), kNearest);
  return _mm512_min_ps(_mm512_max_ps(q, _mm512_set1_ps(-8.0f)), _mm512_set1_ps(7.0f));
}

inline float best_scale(const float* group, float first, const float* factors, int64_t count) {
  const __m512 low = load(group), high = load(group + kLanes);
  float best = first, removed = -1.0f;
  for (int64_t i = 0; i < count; ++i) {
    const float scale = first * factors[i];
    const __m512 inverse = _mm512_set1_ps(scale == 0.0f ? 0.0f : 1.0f / scale);
    const __m512 q_low = round_to_int4(low, inverse), q_high = round_to_int4(high, inverse);
    const float wq = _mm512_reduce_add_ps(_mm512_fmadd_ps(low, q_low, _mm512_mul_ps(high, q_high)));
    const __m512 squares = _mm512_fmadd_ps(q_low, q_low, _mm512_mul_ps(q_high, q_high));
    const float qq = std::max(_mm512_reduce_add_ps(squares), 1e-30f);
    if (wq * wq / qq > removed) {
      removed = wq * wq / qq;
      best = wq / qq;
    }
  }
  return best;
}

// groups (N, 32), first scales (N) and the factors to try: float32, contiguous.
inline Tensor best_scales(Tensor groups, Tensor first, Tensor factors) {
  Tensor best = torch::stable::empty_like(first);
  const float* w = static_cast<const float*>(groups.const_data_ptr());
  const float* start = static_cast<const float*>(first.const_data_ptr());
  const float* tried = static_cast<const float*>(factors.const_data_ptr());
  float* out = static_cast<float*>(best.mutable_data_ptr());
  torch::stable::parallel_for(0, groups.size(0), 1024, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      out[n] = best_scale(w + n * kGroup, start[n], tried, factors.numel());
    }
  });
  return best;
}

}  // namespace sourcebook
