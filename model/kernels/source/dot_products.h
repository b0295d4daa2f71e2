// Squares of sums by dot products of pairs (AVX512-BF16), for processors without tiles: 16 sums of
// two products an instruction, as exact as the tiles' (products unrounded, numbers too small for
// float32's normal ones taken as zero).
#pragma once

#include <immintrin.h>

#include <cstring>

#include "squares.h"

namespace sourcebook {

constexpr int kStripRows = 8;  // rows whose 2 x 16 sums stay in registers

// What a thread needs to multiply squares: here nothing.
struct SquareUnit {};

inline bool squares_granted() { return true; }

// A pair of neighbouring columns of a row, in every lane; the row may begin anywhere.
inline __m512bh pair(const BFloat16* columns) {
  int32_t both;
  std::memcpy(&both, columns, sizeof(both));
  return reinterpret_cast<__m512bh>(_mm512_set1_epi32(both));
}

inline __m512bh sixteen_pairs(const BFloat16* row) {
  return reinterpret_cast<__m512bh>(_mm512_loadu_si512(row));
}

inline void multiply_strip(const LeftRows& x, const BFloat16* tiles, int64_t groups, float* sums,
                           int64_t stride, bool fresh) {
  __m512 left[kStripRows], right[kStripRows];
  for (int row = 0; row < kStripRows; ++row) {
    left[row] = fresh ? _mm512_setzero_ps() : load(sums + row * stride);
    right[row] = fresh ? _mm512_setzero_ps() : load(sums + row * stride + kLanes);
  }
  for (int64_t group = 0; group < groups; ++group) {
    const BFloat16* columns = x.first + group * x.group_step;
    const BFloat16* tile = tiles + 2 * group * kTile;
    for (int i = 0; i < kTileRows; ++i) {
      const __m512bh first = sixteen_pairs(tile + i * 32);
      const __m512bh second = sixteen_pairs(tile + kTile + i * 32);
      for (int row = 0; row < kStripRows; ++row) {
        const __m512bh both = pair(columns + row * x.row_stride + 2 * i);
        left[row] = _mm512_dpbf16_ps(left[row], both, first);
        right[row] = _mm512_dpbf16_ps(right[row], both, second);
      }
    }
  }
  for (int row = 0; row < kStripRows; ++row) {
    store(sums + row * stride, left[row]);
    store(sums + row * stride + kLanes, right[row]);
  }
}

// sums (32 x 32) += x times a panel (for each group, the tiles of 16 outputs and of 16 more);
// starts from zero if `fresh`.
inline void multiply_square(const LeftRows& x, const BFloat16* tiles, int64_t groups, float* sums,
                            int64_t stride, bool fresh) {
  for (int row = 0; row < kSquare; row += kStripRows) {
    multiply_strip({x.first + row * x.row_stride, x.row_stride, x.group_step}, tiles, groups,
                   sums + row * stride, stride, fresh);
  }
}

}  // namespace sourcebook
