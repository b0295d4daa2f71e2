// Attention of many new tokens over a whole sequence, by squares: for 32 tokens of a head at a time
// all their scores, the scores' shares, and the sum of the values. What none of them sees is not
// computed.
#pragma once

#ifdef __AVX512BF16__

#include <algorithm>
#include <cmath>
#include <memory>

#include "quantised.h"
#include "squares.h"
#include "vectors.h"

namespace sourcebook {

// A key head's keys and values as panels of tiles: of 32 keys for scores, of 32 channels for sums.
class HeadTiles {
 public:
  HeadTiles(const Rows<BFloat16>& keys, int64_t key_width, const Rows<BFloat16>& values,
            int64_t value_width, int64_t length)
      : length_(length), groups_(key_width / kGroup), panels_((length + kSquare - 1) / kSquare),
        keys_(std::make_unique_for_overwrite<BFloat16[]>(panels_ * kSquare * key_width)),
        values_(std::make_unique_for_overwrite<BFloat16[]>(panels_ * kSquare * value_width)) {
    for (int64_t key = 0; key < panels_ * kSquare; key += kTileRows) pack_keys(keys, key);
    for (int64_t pair = 0; pair < panels_ * kTileRows; ++pair) {
      for (int64_t panel = 0; panel < value_width / kSquare; ++panel) {
        pack_values(values, pair, panel);
      }
    }
  }

  const BFloat16* keys(int64_t panel) const { return keys_.get() + panel * groups_ * kSums; }
  const BFloat16* values(int64_t panel) const { return values_.get() + panel * panels_ * kSums; }

 private:
  // A tile of 16 keys: a row has of each the same pair of channels. Keys that are missing are 0.
  void pack_keys(const Rows<BFloat16>& keys, int64_t key) const {
    const __mmask16 there = first_lanes(std::max<int64_t>(length_ - key, 0));
    const __m512i places = _mm512_mullo_epi32(
        _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
        _mm512_set1_epi32(static_cast<int32_t>(keys.stride)));
    BFloat16* first = keys_.get() + key / kSquare * groups_ * kSums + key % kSquare * kGroup;
    for (int64_t pair = 0; pair < groups_ * kTileRows; ++pair) {
      const __m512i row = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), there, places,
                                                      keys[key] + 2 * pair, sizeof(BFloat16));
      _mm512_storeu_si512(first + pair / kTileRows * kSums + pair % kTileRows * kGroup, row);
    }
  }

  // Two keys' values as a row of two tiles: each lane a channel of both.
  void pack_values(const Rows<BFloat16>& values, int64_t pair, int64_t panel) const {
    const __m512i even = channels(values, 2 * pair, panel);
    const __m512i odd = channels(values, 2 * pair + 1, panel);
    const int64_t tiles = panel * panels_ + pair / kTileRows;
    BFloat16* row = values_.get() + tiles * kSums + pair % kTileRows * kGroup;
    _mm512_storeu_si512(row, _mm512_permutex2var_epi16(even, side_by_side(0), odd));
    _mm512_storeu_si512(row + kTile, _mm512_permutex2var_epi16(even, side_by_side(kLanes), odd));
  }

  __m512i channels(const Rows<BFloat16>& values, int64_t key, int64_t panel) const {
    if (key >= length_) return _mm512_setzero_si512();
    return _mm512_loadu_si512(values[key] + panel * kSquare);
  }

  // Which numbers of two vectors: `first` of one and of the other, the next of both, and so on.
  static __m512i side_by_side(uint16_t first) {
    alignas(64) uint16_t order[32];
    for (uint16_t i = 0; i < 32; ++i) order[i] = first + i / 2 + i % 2 * 32;
    return _mm512_load_si512(order);
  }

  int64_t length_, groups_, panels_;
  std::unique_ptr<BFloat16[]> keys_, values_;
};

// 2^x for x <= 0 within 4e-6 of itself, far below bfloat16's steps: a polynomial for an octave.
inline __m512 power_of_two(__m512 x) {
  const __m512 n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 rest = _mm512_sub_ps(x, n);
  __m512 p = _mm512_set1_ps(0.009676037f);
  for (const float term : {0.055922036f, 0.24022107f, 0.69312103f, 1.0000001f}) {
    p = _mm512_fmadd_ps(p, rest, _mm512_set1_ps(term));
  }
  return _mm512_scalef_ps(p, n);
}

// Turns a row's scores into bfloat16 shares that still have to be divided by their sum, which is
// returned. Of those up to `width`, the ones from `seen` on are 0.
inline float row_shares(const float* scores, int64_t seen, int64_t width, float scale,
                        BFloat16* shares) {
  __m512 largest = _mm512_set1_ps(-INFINITY), sum = _mm512_setzero_ps();
  for (int64_t i = 0; i < seen; i += kLanes) {
    const __mmask16 lanes = first_lanes(seen - i);
    largest = _mm512_mask_max_ps(largest, lanes, largest, load(scores + i, lanes));
  }
  const float octaves = scale * 1.44269504f;  // e^x is 2 to this power of x
  const __m512 factor = _mm512_set1_ps(octaves);
  const __m512 highest = _mm512_set1_ps(octaves * _mm512_reduce_max_ps(largest));
  for (int64_t i = 0; i < width; i += 2 * kLanes) {
    __m512 share[2];
    for (int half = 0; half < 2; ++half) {
      const int64_t at = i + half * kLanes;
      const __mmask16 lanes = first_lanes(std::max<int64_t>(seen - at, 0));
      const __m512 power = _mm512_fmsub_ps(load(scores + at), factor, highest);
      share[half] = _mm512_maskz_mov_ps(lanes, power_of_two(power));
      sum = _mm512_add_ps(sum, share[half]);
    }
    store_both(shares + i, share[0], share[1]);
  }
  return _mm512_reduce_add_ps(sum);
}

// What 32 tokens of a head need: their queries, and room for scores and shares.
class TokenSquare {
 public:
  TokenSquare(int64_t key_width, int64_t length)
      : key_width_(key_width), width_((length + kSquare - 1) / kSquare * kSquare),
        queries_(std::make_unique<BFloat16[]>(kSquare * key_width)),
        scores_(std::make_unique_for_overwrite<float[]>(kSquare * width_)),
        shares_(std::make_unique_for_overwrite<BFloat16[]>(kSquare * width_)) {}

  // The `count` tokens from `queries` on see `seen` keys, each one more than the one before it.
  void attend(const HeadTiles& head, const Rows<BFloat16>& queries, int64_t count, int64_t seen,
              float scale, int64_t value_width, BFloat16* y, int64_t y_stride) {
    const int64_t panels = (seen + count - 1 + kSquare - 1) / kSquare;
    float sums[kSquare];
    for (int64_t i = 0; i < count; ++i) {
      std::copy_n(queries[i], key_width_, &queries_[i * key_width_]);
    }
    for (int64_t panel = 0; panel < panels; ++panel) {
      multiply_square({queries_.get(), key_width_, kGroup}, head.keys(panel), key_width_ / kGroup,
                      &scores_[panel * kSquare], width_, true);
    }
    for (int64_t i = 0; i < count; ++i) {
      sums[i] = row_shares(&scores_[i * width_], seen + i, panels * kSquare, scale,
                           &shares_[i * width_]);
    }
    for (int64_t panel = 0; panel < value_width / kSquare; ++panel) {
      alignas(64) float square[kSums];
      multiply_square({shares_.get(), width_, kGroup}, head.values(panel), panels, square, kSquare,
                      true);
      for (int64_t i = 0; i < count; ++i) {
        const __m512 factor = _mm512_set1_ps(1.0f / sums[i]);
        const float* row = square + i * kSquare;
        store_both(y + i * y_stride + panel * kSquare, _mm512_mul_ps(load(row), factor),
                   _mm512_mul_ps(load(row + kLanes), factor));
      }
    }
  }

 private:
  int64_t key_width_, width_;
  std::unique_ptr<BFloat16[]> queries_;  // 32 x C
  std::unique_ptr<float[]> scores_;      // 32 x keys
  std::unique_ptr<BFloat16[]> shares_;
};

}  // namespace sourcebook

#endif  // __AVX512BF16__
