// A layer's routed experts for all tokens of a step: tokens are brought together by expert, so that
// each active expert's weights are read once, and the others' not at all.
#pragma once

#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <memory>
#include <type_traits>
#include <vector>

#include "elementwise.h"
#include "fused_feed_forward.h"
#include "linear.h"

namespace sourcebook {

// One matrix for each expert.
struct QuantisedStack {
  Tensor packed, scales;
  int64_t outputs, inputs;

  QuantisedMatrix operator[](int64_t expert) const {
    return {data<uint8_t>(packed) + expert * packed.stride(0),
            data<uint16_t>(scales) + expert * scales.stride(0), outputs, inputs,
            packed.size(3), scales.size(3)};
  }
};

template <class Number>
std::unique_ptr<Number[]> room(int64_t count) {
  return std::make_unique_for_overwrite<Number[]>(count);
}

// Tells whether it could be done by tiles, which was then done.
template <class Number>
bool run_fused(const QuantisedMatrix& gate, const QuantisedMatrix& up, const QuantisedMatrix& down,
               const Number* x, int64_t rows, Number* y) {
#ifdef __AMX_BF16__
  if constexpr (std::is_same_v<Number, BFloat16>) {
    if (rows < kManyRows || !squares_granted()) return false;
    if (!FusedFeedForward::fits(gate)) return false;
    for (int64_t row = 0; row < rows; row += kRowsInCache) {
      FusedFeedForward(gate, up, down, x + row * gate.columns, std::min(kRowsInCache, rows - row),
                       y + row * down.rows)
          .run();
    }
    return true;
  }
#endif
  return false;
}

// y = down(silu(gate(x)) * up(x)).
template <class Number>
void run_expert(const QuantisedMatrix& gate, const QuantisedMatrix& up,
                const QuantisedMatrix& down, const Number* x, int64_t rows, Number* y) {
  if (run_fused(gate, up, down, x, rows, y)) return;
  const auto gated = room<Number>(rows * gate.rows), raised = room<Number>(rows * gate.rows);
  const Number* no_bias = nullptr;
  multiply_any(gate, x, rows, no_bias, gated.get());
  multiply_any(up, x, rows, no_bias, raised.get());
  gate_row(gated.get(), raised.get(), rows * gate.rows, gated.get());
  multiply_any(down, gated.get(), rows, no_bias, y);
}

// A dense feed-forward: one expert for all tokens. x (T, D) as below; matrices without bias.
inline Tensor feed_forward(Tensor x, Tensor gate_packed, Tensor gate_scales, Tensor up_packed,
                           Tensor up_scales, Tensor down_packed, Tensor down_scales,
                           int64_t width) {
  const int64_t hidden = x.size(1);
  Tensor y = torch::stable::empty_like(x);
  by_number_type(x, [&]<class Number>(Number*) {
    const QuantisedMatrix gate = matrix(gate_packed, gate_scales, width, hidden);
    const QuantisedMatrix up = matrix(up_packed, up_scales, width, hidden);
    const QuantisedMatrix down = matrix(down_packed, down_scales, hidden, width);
    run_expert(gate, up, down, data<Number>(x), x.size(0),
               static_cast<Number*>(y.mutable_data_ptr()));
  });
  return y;
}

// Pairs of a token and an expert, sorted by expert; a pair is token x chosen + choice.
struct SortedPairs {
  std::vector<int64_t> ends, pairs, places;  // of each expert; in order; of each pair in the order

  SortedPairs(const int64_t* expert, int64_t count, int64_t experts)
      : ends(experts + 1), pairs(count), places(count) {
    for (int64_t pair = 0; pair < count; ++pair) {
      STD_TORCH_CHECK(expert[pair] >= 0 && expert[pair] < experts, "there is no such expert");
      ++ends[expert[pair] + 1];
    }
    for (int64_t e = 0; e < experts; ++e) ends[e + 1] += ends[e];
    std::vector<int64_t> next(ends.begin(), ends.end() - 1);
    for (int64_t pair = 0; pair < count; ++pair) {
      places[pair] = next[expert[pair]]++;
      pairs[places[pair]] = pair;
    }
    ends.erase(ends.begin());
  }
};

// y = the sum, over a token's experts in the order chosen, of weight x result.
template <class Number>
void add_up(const Number* results, const int64_t* places, const float* weights, int64_t chosen,
            int64_t width, Number* y) {
  for (int64_t i = 0; i < width; i += kLanes) {
    const __mmask16 lanes = first_lanes(width - i);
    __m512 sum = _mm512_setzero_ps();
    for (int64_t choice = 0; choice < chosen; ++choice) {
      const __m512 result = load(results + places[choice] * width + i, lanes);
      sum = _mm512_fmadd_ps(result, _mm512_set1_ps(weights[choice]), sum);
    }
    store(y + i, sum, lanes);
  }
}

template <class Number>
void run_experts(const Number* x, int64_t tokens, const int64_t* expert, const float* weights,
                 int64_t chosen, int64_t experts, const QuantisedStack& gate,
                 const QuantisedStack& up, const QuantisedStack& down, Number* y) {
  const int64_t width = gate.inputs;
  const SortedPairs sorted(expert, tokens * chosen, experts);
  const auto gathered = room<Number>(tokens * chosen * width);
  const auto results = room<Number>(tokens * chosen * width);
  torch::stable::parallel_for(0, experts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t e = begin; e < end; ++e) {
      const int64_t first = e ? sorted.ends[e - 1] : 0, count = sorted.ends[e] - first;
      if (!count) continue;
      for (int64_t place = first; place < first + count; ++place) {
        const Number* token = x + sorted.pairs[place] / chosen * width;
        std::copy(token, token + width, gathered.get() + place * width);
      }
      run_expert(gate[e], up[e], down[e], gathered.get() + first * width, count,
                 results.get() + first * width);
    }
  });
  for (int64_t t = 0; t < tokens; ++t) {
    add_up(results.get(), sorted.places.data() + t * chosen, weights + t * chosen, chosen, width,
           y + t * width);
  }
}

// x (T, D), bfloat16 or float32; chosen (T, A) int64; weights (T, A) float32; all contiguous. The
// gates' and ups' outputs are the downs' inputs, `width` of them.
inline Tensor experts(Tensor x, Tensor chosen, Tensor weights, Tensor gate_packed,
                      Tensor gate_scales, Tensor up_packed, Tensor up_scales, Tensor down_packed,
                      Tensor down_scales, int64_t width) {
  const int64_t hidden = x.size(1);
  const QuantisedStack gate{gate_packed, gate_scales, width, hidden};
  const QuantisedStack up{up_packed, up_scales, width, hidden};
  const QuantisedStack down{down_packed, down_scales, hidden, width};
  Tensor y = torch::stable::empty_like(x);
  by_number_type(x, [&]<class Number>(Number*) {
    run_experts(data<Number>(x), x.size(0), data<int64_t>(chosen), data<float>(weights),
                chosen.size(1), gate_packed.size(0), gate, up, down,
                static_cast<Number*>(y.mutable_data_ptr()));
  });
  return y;
}

}  // namespace sourcebook
