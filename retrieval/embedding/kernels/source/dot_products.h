// The products of tiles.h where the processor has AVX512-BF16 and no tiles.
//
// VDPBF16PS adds to each of 16 float32 sums the product of two bfloat16 with two others. A line of
// a right tile holds two rows' numbers of 16 columns, so a left row's pair of numbers goes with the
// whole line: both sides lie as they do for tiles.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "square.h"

namespace encoder {

inline bool tiles_granted() { return true; }  // none are asked for

struct TilesInUse {
  TilesInUse() {}  // without it compilers take an object for an unused variable
};

// Eight rows of two vectors of sums stay in registers: more than the six cycles that an instruction
// takes to finish, when one begins every cycle. Measured on Zen 4, with twelve rows: no faster.
constexpr int kStripRows = 8;

// So many numbers ahead the right side is fetched into the second-level cache: a panel of weights
// of 384 inputs. For few rows the weights come from memory; measured on Zen 4, a question takes
// half as long. Beyond the end nothing is read: fetching ahead cannot fail.
constexpr int kAhead = 24 * kTile;

inline __m512bh line(const BFloat16* numbers) {
  return reinterpret_cast<__m512bh>(_mm512_loadu_si512(numbers));
}

inline __m512bh two_numbers(const BFloat16* numbers) {
  int both;
  std::memcpy(&both, numbers, sizeof both);
  return reinterpret_cast<__m512bh>(_mm512_set1_epi32(both));
}

// kRows x 32 sums, each added up in the same order whatever kRows is. Loops over rows are unrolled,
// or else the sums would lie in memory.
template <int kRows, bool kAdd>
void multiply_strip(const BFloat16* left, Steps steps, const BFloat16* right, int64_t depths,
                    float* sums, int64_t stride) {
  __m512 near[kRows], far[kRows];  // the first 16 columns and the others
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row) {
    near[row] = kAdd ? _mm512_loadu_ps(sums + row * stride) : _mm512_setzero_ps();
    far[row] = kAdd ? _mm512_loadu_ps(sums + row * stride + kLanes) : _mm512_setzero_ps();
  }
  for (int64_t depth = 0; depth < depths; ++depth) {
    for (int i = 0; i < kTileRows; ++i) {
      const BFloat16* lines = right + i * kDepth;
      _mm_prefetch(lines + kAhead, _MM_HINT_T1);
      _mm_prefetch(lines + kAhead + kTile, _MM_HINT_T1);
      const __m512bh near_line = line(lines), far_line = line(lines + kTile);
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) {
        const __m512bh both = two_numbers(left + row * steps.rows + 2 * i);
        near[row] = _mm512_dpbf16_ps(near[row], near_line, both);
        far[row] = _mm512_dpbf16_ps(far[row], far_line, both);
      }
    }
    left += steps.depths;
    right += 2 * kTile;
  }
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row) {
    _mm512_storeu_ps(sums + row * stride, near[row]);
    _mm512_storeu_ps(sums + row * stride + kLanes, far[row]);
  }
}

template <bool kAdd>
void multiply_strips(const BFloat16* left, Steps steps, int64_t rows, const BFloat16* right,
                     int64_t depths, float* sums, int64_t stride) {
  for (int64_t row = 0; row < rows; row += kStripRows) {
    const auto strip = rows - row > kStripRows / 2 ? multiply_strip<kStripRows, kAdd>
                                                   : multiply_strip<kStripRows / 2, kAdd>;
    strip(left + row * steps.rows, steps, right, depths, sums + row * stride, stride);
  }
}

// sums (32 x 32) = left times right, laid out as in tiles.h, for the first `rows` rows at least.
// Calls `meanwhile()` as often as there are depths; here nothing is gained by turns.
template <class Meanwhile>
void multiply(const BFloat16* left, Steps steps, int64_t rows, const BFloat16* right,
              int64_t depths, float* sums, int64_t stride, const Meanwhile& meanwhile) {
  for (int64_t depth = 0; depth < depths; ++depth) meanwhile();
  multiply_strips<false>(left, steps, rows, right, depths, sums, stride);
}

// sums += left times right.
inline void multiply_add(const BFloat16* left, Steps steps, int64_t rows, const BFloat16* right,
                         int64_t depths, float* sums, int64_t stride) {
  multiply_strips<true>(left, steps, rows, right, depths, sums, stride);
}

}  // namespace encoder
