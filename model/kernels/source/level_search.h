// The levels on which each group of 32 weights lies, as model/quantised/offset_rounding.py says.
#pragma once

#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <cmath>

#include "quantised.h"
#include "vectors.h"

namespace sourcebook {

using torch::stable::Tensor;

struct Group {
  __m512 low, high;

  float mean() const { return _mm512_reduce_add_ps(_mm512_add_ps(low, high)) / kGroup; }
};

struct Levels {
  Group values;  // with their sign
  float scale, offset;
  bool loses_nothing;
};

inline float to_half(float x) { return _cvtsh_ss(_cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT)); }

inline __m512 level(__m512 w, float smallest, float per_step) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  const __m512 steps = _mm512_mul_ps(_mm512_sub_ps(w, _mm512_set1_ps(smallest)),
                                     _mm512_set1_ps(per_step));
  const __m512 zero_point = _mm512_set1_ps(Int4WithOffsets::kZeroPoint);
  return _mm512_sub_ps(_mm512_roundscale_ps(steps, kNearest), zero_point);
}

// Whether all weights are had again; not so where something is no number.
inline bool is_near(__m512 w, __m512 value, const Levels& levels, float loss_max) {
  const __m512 back = _mm512_fmadd_ps(value, _mm512_set1_ps(levels.scale),
                                      _mm512_set1_ps(levels.offset));
  const __m512 loss = _mm512_abs_ps(_mm512_sub_ps(back, w));
  return _mm512_cmp_ps_mask(loss, _mm512_set1_ps(loss_max), _CMP_LE_OQ) == 0xffff;
}

inline Levels on_levels(const Group& w, float smallest, float per_step, float loss_max) {
  const Group values{level(w.low, smallest, per_step), level(w.high, smallest, per_step)};
  const float middle = values.mean(), mean = w.mean();
  const __m512 center = _mm512_set1_ps(middle);
  const Group apart{_mm512_sub_ps(values.low, center), _mm512_sub_ps(values.high, center)};
  const float squares = _mm512_reduce_add_ps(
      _mm512_fmadd_ps(apart.low, apart.low, _mm512_mul_ps(apart.high, apart.high)));
  const float products = _mm512_reduce_add_ps(
      _mm512_fmadd_ps(apart.low, w.low, _mm512_mul_ps(apart.high, w.high)));
  Levels levels{values, to_half(products / std::max(squares, 1e-9f)), 0.0f, false};
  levels.offset = to_half(mean - levels.scale * middle);
  levels.loses_nothing = is_near(w.low, values.low, levels, loss_max) &&
                         is_near(w.high, values.high, levels, loss_max);
  return levels;
}

inline Levels best_levels(const Group& w, int64_t steps_max, float share_lost_max) {
  const float smallest = _mm512_reduce_min_ps(_mm512_min_ps(w.low, w.high));
  const float largest = _mm512_reduce_max_ps(_mm512_max_ps(w.low, w.high));
  const float width = largest - smallest;
  const float loss_max = share_lost_max * std::max(std::abs(smallest), std::abs(largest));
  Levels first{};
  for (int64_t steps = steps_max; steps > 0; --steps) {
    const Levels levels = on_levels(w, smallest, width > 0 ? steps / width : 0.0f, loss_max);
    if (levels.loses_nothing) return levels;
    if (steps == steps_max) first = levels;
  }
  return first;
}

// groups (N, 32), float32, contiguous -> (N, 35): values, scale, offset, 1 if something is lost.
inline Tensor levels(Tensor groups, int64_t steps_max, double share_lost_max) {
  constexpr int64_t kColumns = kGroup + 3;
  Tensor found = torch::stable::new_empty(groups, {groups.size(0), kColumns});
  const float* from = static_cast<const float*>(groups.const_data_ptr());
  float* to = static_cast<float*>(found.mutable_data_ptr());
  torch::stable::parallel_for(0, groups.size(0), 1024, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const Group w{load(from + n * kGroup), load(from + n * kGroup + kLanes)};
      const Levels best = best_levels(w, steps_max, static_cast<float>(share_lost_max));
      float* row = to + n * kColumns;
      store(row, best.values.low);
      store(row + kLanes, best.values.high);
      row[kGroup] = best.scale;
      row[kGroup + 1] = best.offset;
      row[kGroup + 2] = best.loses_nothing ? 0.0f : 1.0f;
    }
  });
  return found;
}

}  // namespace sourcebook
