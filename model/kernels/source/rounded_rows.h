// Activations rounded to int8, one scale for each group of 32 columns, so that integer dot products
// can be used. Their step is a 127th of the group's largest value: small beside the weights' own.
#pragma once

#include <algorithm>
#include <memory>

#include "quantised.h"
#include "vectors.h"

namespace sourcebook {

struct RoundedRows {
  int64_t groups;
  std::unique_ptr<int8_t[]> values;         // rows x groups x 32, zero beyond the last column
  std::unique_ptr<float[]> scales;          // rows x groups
  std::unique_ptr<int32_t[]> offsets;       // rows x groups: - zero point x sum of the values
  std::unique_ptr<float[]> sums;            // rows x groups: scale x sum of the values

  const int32_t* quads(int64_t row, int64_t group) const {
    return reinterpret_cast<const int32_t*>(values.get() + (row * groups + group) * kGroup);
  }
};

// Below this a group counts as zero: the inverse of its scale would not be finite.
constexpr float kTiny = 1e-30f;

template <class Number>
void round_group(const Number* x, int64_t columns, int8_t* values, float* scale, int32_t* sum) {
  const __m512 low = load(x, first_lanes(columns));
  const __m512 high = load(x + kLanes, first_lanes(std::max<int64_t>(columns - kLanes, 0)));
  const __m512 sizes = _mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high));
  const float largest = _mm512_reduce_max_ps(sizes);
  const __m512 steps = _mm512_set1_ps(largest > kTiny ? 127.0f / largest : 0.0f);
  const __m512i low_values = _mm512_cvtps_epi32(_mm512_mul_ps(low, steps));
  const __m512i high_values = _mm512_cvtps_epi32(_mm512_mul_ps(high, steps));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(values), _mm512_cvtepi32_epi8(low_values));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(values + kLanes), _mm512_cvtepi32_epi8(high_values));
  *scale = largest / 127.0f;
  *sum = _mm512_reduce_add_epi32(_mm512_add_epi32(low_values, high_values));
}

template <class Number>
RoundedRows round_rows(const Number* x, int64_t rows, int64_t columns, int32_t zero_point) {
  const int64_t groups = (columns + kGroup - 1) / kGroup;
  RoundedRows rounded{
      groups,
      std::make_unique_for_overwrite<int8_t[]>(rows * groups * kGroup),
      std::make_unique_for_overwrite<float[]>(rows * groups),
      std::make_unique_for_overwrite<int32_t[]>(rows * groups),
      std::make_unique_for_overwrite<float[]>(rows * groups),
  };
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t group = 0; group < groups; ++group) {
      const int64_t place = row * groups + group;
      int32_t sum;
      round_group(x + row * columns + group * kGroup, columns - group * kGroup,
                  rounded.values.get() + place * kGroup, &rounded.scales[place], &sum);
      rounded.offsets[place] = -zero_point * sum;
      rounded.sums[place] = rounded.scales[place] * static_cast<float>(sum);
    }
  }
  return rounded;
}

}  // namespace sourcebook
