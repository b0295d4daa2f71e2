// Small steps between the products, each one call where torch would need several.
#pragma once

#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <cmath>

#include "vectors.h"

namespace sourcebook {

using torch::stable::Tensor;
using torch::headeronly::ScalarType;

// Calls `work` with a null pointer of the tensor's number type.
template <class Work>
void by_number_type(const Tensor& tensor, const Work& work) {
  if (tensor.scalar_type() == ScalarType::BFloat16) return work(static_cast<BFloat16*>(nullptr));
  STD_TORCH_CHECK(tensor.scalar_type() == ScalarType::Float, "bfloat16 or float32 is needed");
  work(static_cast<float*>(nullptr));
}

template <class Number>
void normalise_row(const Number* x, const Number* weight, int64_t width, float epsilon, Number* y) {
  __m512 squares = _mm512_setzero_ps();
  for (int64_t i = 0; i < width; i += kLanes) {
    const __m512 value = load(x + i, first_lanes(width - i));
    squares = _mm512_fmadd_ps(value, value, squares);
  }
  const float mean = _mm512_reduce_add_ps(squares) / static_cast<float>(width);
  const __m512 factor = _mm512_set1_ps(1.0f / std::sqrt(mean + epsilon));
  for (int64_t i = 0; i < width; i += kLanes) {
    const __mmask16 lanes = first_lanes(width - i);
    const __m512 normal = _mm512_mul_ps(load(x + i, lanes), factor);
    store(y + i, _mm512_mul_ps(normal, load(weight + i, lanes)), lanes);
  }
}

// x (rows, width) and weight (width) of one number type, contiguous.
inline Tensor rms_norm(Tensor x, Tensor weight, double epsilon) {
  Tensor y = torch::stable::empty_like(x);
  const int64_t width = weight.numel(), rows = x.numel() / width;
  by_number_type(x, [&]<class Number>(Number*) {
    const auto* from = static_cast<const Number*>(x.const_data_ptr());
    const auto* by = static_cast<const Number*>(weight.const_data_ptr());
    auto* to = static_cast<Number*>(y.mutable_data_ptr());
    torch::stable::parallel_for(0, rows, 64, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        normalise_row(from + row * width, by, width, static_cast<float>(epsilon), to + row * width);
      }
    });
  });
  return y;
}

// e^x for x <= 88, within 2 units of the last place of float32 (Cody-Waite, then a polynomial).
inline __m512 exponential(__m512 x) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  x = _mm512_max_ps(x, _mm512_set1_ps(-87.0f));
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), kNearest);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
  __m512 p = _mm512_set1_ps(1.0f / 5040);
  for (const float term : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) {
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(term));
  }
  return _mm512_scalef_ps(p, n);
}

// 1 / x by an estimate of 14 bits and a step of Newton's, quicker than a division.
inline __m512 inverse(__m512 x) {
  const __m512 estimate = _mm512_rcp14_ps(x);
  return _mm512_mul_ps(estimate, _mm512_fnmadd_ps(x, estimate, _mm512_set1_ps(2.0f)));
}

inline __m512 silu(__m512 x) {
  const __m512 one = _mm512_set1_ps(1.0f);
  const __m512 negative = _mm512_sub_ps(_mm512_setzero_ps(), x);
  const __m512 bounded = _mm512_min_ps(negative, _mm512_set1_ps(88.0f));
  return _mm512_mul_ps(x, inverse(_mm512_add_ps(one, exponential(bounded))));
}

template <class Number>
void gate_row(const Number* gate, const Number* up, int64_t count, Number* y) {
  for (int64_t i = 0; i < count; i += kLanes) {
    const __mmask16 lanes = first_lanes(count - i);
    store(y + i, _mm512_mul_ps(silu(load(gate + i, lanes)), load(up + i, lanes)), lanes);
  }
}

// silu(gate) * up, both contiguous, of one shape and number type.
inline Tensor silu_gated(Tensor gate, Tensor up) {
  Tensor y = torch::stable::empty_like(gate);
  by_number_type(gate, [&]<class Number>(Number*) {
    const auto* left = static_cast<const Number*>(gate.const_data_ptr());
    const auto* right = static_cast<const Number*>(up.const_data_ptr());
    auto* to = static_cast<Number*>(y.mutable_data_ptr());
    torch::stable::parallel_for(0, gate.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
      gate_row(left + begin, right + begin, end - begin, to + begin);
    });
  });
  return y;
}

}  // namespace sourcebook
