// y = x W^T + b with quantised W: chooses the kernel by the number of rows.
#pragma once

#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <optional>

#include "few_rows.h"
#include "many_rows.h"

namespace sourcebook {

using torch::stable::Tensor;
using torch::headeronly::ScalarType;

// From here on AMX, which first unpacks the weights, is quicker (measured). Dot products of bfloat16
// never are: without tiles, those of 8 bits stay half again as fast at 512 rows.
constexpr int64_t kManyRows = 24;
// The activations of so many rows stay in the second-level cache beside a panel of weights.
constexpr int64_t kRowsInCache = 512;

template <class Weights, class Number>
void multiply_few(const QuantisedMatrix& w, const Number* x, int64_t rows, const Number* bias,
                  Number* y) {
  const RoundedRows rounded = round_rows(x, rows, w.columns, Weights::kZeroPoint);
  torch::stable::parallel_for(0, w.blocks(), 8, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      multiply_rows<Weights>(w, block, rounded, rows, bias, y);
    }
  });
}

#ifdef __AMX_BF16__
inline void multiply_many(const QuantisedMatrix& w, const BFloat16* x, int64_t rows, const BFloat16* bias,
                   BFloat16* y) {
  const ManyRows work(w, x, rows, bias, y);
  for (int64_t first = 0; first < w.groups(); first += work.kPanelGroups) {
    torch::stable::parallel_for(0, work.panels(), 4, [&](int64_t begin, int64_t end) {
      work.multiply(begin, end, first);
    });
  }
}
#endif

template <class Weights>
void multiply(const QuantisedMatrix& w, const float* x, int64_t rows, const float* bias, float* y) {
  multiply_few<Weights>(w, x, rows, bias, y);
}

template <class Weights>
void multiply(const QuantisedMatrix& w, const BFloat16* x, int64_t rows, const BFloat16* bias,
              BFloat16* y) {
#ifdef __AMX_BF16__
  if (rows >= kManyRows && squares_granted()) {
    for (int64_t row = 0; row < rows; row += kRowsInCache) {
      multiply_many(w, x + row * w.columns, std::min(kRowsInCache, rows - row), bias,
                    y + row * w.rows);
    }
    return;
  }
#endif
  multiply_few<Weights>(w, x, rows, bias, y);
}

template <class Number>
void multiply_any(const QuantisedMatrix& w, const Number* x, int64_t rows, const Number* bias,
                  Number* y) {
  by_precision(w, [&]<class Weights>(Weights) { multiply<Weights>(w, x, rows, bias, y); });
}

template <class Number>
const Number* data(const Tensor& tensor) {
  return static_cast<const Number*>(tensor.const_data_ptr());
}

template <class Number>
void multiply_tensors(const QuantisedMatrix& w, const Tensor& x, const Tensor* bias, Tensor& y) {
  multiply_any(w, data<Number>(x), x.size(0), bias ? data<Number>(*bias) : nullptr,
               static_cast<Number*>(y.mutable_data_ptr()));
}

inline QuantisedMatrix matrix(const Tensor& packed, const Tensor& scales, int64_t outputs,
                              int64_t inputs) {
  const QuantisedMatrix w{data<uint8_t>(packed), data<uint16_t>(scales), outputs, inputs,
                          packed.size(2), scales.size(2)};
  STD_TORCH_CHECK(packed.size(0) == w.blocks() && packed.size(1) == w.groups() &&
                      scales.size(0) == w.blocks() && scales.size(1) == w.groups(),
                  "the weights' shape does not fit");
  return w;
}

// x (rows, columns) and bias: bfloat16 or float32, contiguous; packed (blocks, groups, bytes).
inline Tensor linear(Tensor x, Tensor packed, Tensor scales, std::optional<Tensor> bias,
                     int64_t outputs) {
  const QuantisedMatrix w = matrix(packed, scales, outputs, x.size(1));
  Tensor y = torch::stable::new_empty(x, {x.size(0), outputs});
  const Tensor* constant = bias ? &*bias : nullptr;
  x.scalar_type() == ScalarType::BFloat16
      ? multiply_tensors<BFloat16>(w, x, constant, y)
      : multiply_tensors<float>(w, x, constant, y);
  return y;
}

}  // namespace sourcebook
