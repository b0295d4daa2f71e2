// Attention of a few new tokens over a whole sequence: the queries of all heads that share a key
// head go together, so that a key or a value is read and widened once for eight of them.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <type_traits>

#include "elementwise.h"
#include "vectors.h"

namespace sourcebook {

constexpr int kQueriesAtOnce = 8;                 // whose sums stay in registers
constexpr int kColumnsAtOnce = 2 * kLanes;        // of the values

constexpr int kKeysAhead = 32;                    // brought near; reading is half of the time

// Brings a row near; the processor's own prefetch does not follow rows that lie apart.
template <class Number>
void prefetch(const Number* row, int64_t width) {
  const auto* first = reinterpret_cast<const char*>(row);
  for (size_t byte = 0; byte < width * sizeof(Number); byte += 64) {
    _mm_prefetch(first + byte, _MM_HINT_T0);
  }
}

// Calls `work` with the count, up to 8, as a constant.
template <class Work>
void with_count(int64_t count, const Work& work) {
  switch (count) {
    case 1: return work(std::integral_constant<int, 1>());
    case 2: return work(std::integral_constant<int, 2>());
    case 3: return work(std::integral_constant<int, 3>());
    case 4: return work(std::integral_constant<int, 4>());
    case 5: return work(std::integral_constant<int, 5>());
    case 6: return work(std::integral_constant<int, 6>());
    case 7: return work(std::integral_constant<int, 7>());
    case 8: return work(std::integral_constant<int, 8>());
  }
}

// A channel of 16 keys that are `places` numbers apart; those that are not `there` are 0.
inline __m512 channel_of(const float* first, __m512i places, __mmask16 there) {
  return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), there, places, first, sizeof(float));
}

// Turns 16 keys into float32 by channel. `keys` points to the first.
inline void by_channel(const float* keys, __m512i places, __mmask16 there, int64_t width,
                       float* channels) {
  for (int64_t c = 0; c < width; ++c) {
    store(channels + c * kLanes, channel_of(keys + c, places, there));
  }
}

inline void by_channel(const BFloat16* keys, __m512i places, __mmask16 there, int64_t width,
                       float* channels) {
  int64_t c = 0;
  for (; c + 2 <= width; c += 2) {
    const __m512i both = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), there, places,
                                                     keys + c, sizeof(BFloat16));
    const __m512i second = _mm512_and_si512(both, _mm512_set1_epi32(0xffff0000));
    _mm512_storeu_si512(channels + c * kLanes, _mm512_slli_epi32(both, 16));
    _mm512_storeu_si512(channels + (c + 1) * kLanes, second);
  }
  if (c == width) return;
  alignas(64) int32_t place[kLanes];
  _mm512_store_si512(place, places);
  for (int i = 0; i < kLanes; ++i) {
    const uint32_t bits = there >> i & 1 ? keys[place[i] + c].bits : 0;
    channels[c * kLanes + i] = std::bit_cast<float>(bits << 16);
  }
}

// scores (Count rows, `stride` apart) of 16 keys = queries (Count x width) times their channels.
template <int Count>
void score_keys(const float* queries, const float* channels, int64_t width, float* scores,
                int64_t stride) {
  __m512 sums[Count];
  for (int q = 0; q < Count; ++q) sums[q] = _mm512_setzero_ps();
  for (int64_t c = 0; c < width; ++c) {
    const __m512 channel = load(channels + c * kLanes);
    for (int q = 0; q < Count; ++q) {
      sums[q] = _mm512_fmadd_ps(channel, _mm512_set1_ps(queries[q * width + c]), sums[q]);
    }
  }
  for (int q = 0; q < Count; ++q) store(scores + q * stride, sums[q]);
}

// Two vectors of sums for each query: of the values' columns from `column` on, by its shares.
template <int Count, class Number>
void sum_values(const float* shares, int64_t stride, const Rows<Number>& values, int64_t length,
                int64_t column, int64_t width, __m512 sums[Count][2]) {
  const __mmask16 low = first_lanes(width - column);
  const __mmask16 high = first_lanes(std::max<int64_t>(width - column - kLanes, 0));
  for (int q = 0; q < Count; ++q) sums[q][0] = sums[q][1] = _mm512_setzero_ps();
  for (int64_t key = 0; key < length; ++key) {
    const Number* value = values[key] + column;
    prefetch(value + kKeysAhead * values.stride, kColumnsAtOnce);
    const __m512 first = load(value, low), second = load(value + kLanes, high);
    for (int q = 0; q < Count; ++q) {
      const __m512 share = _mm512_set1_ps(shares[q * stride + key]);
      sums[q][0] = _mm512_fmadd_ps(first, share, sums[q][0]);
      sums[q][1] = _mm512_fmadd_ps(second, share, sums[q][1]);
    }
  }
}

// Turns the first `seen` scores into shares that still have to be divided by their sum, which is
// returned; the others, up to `width`, into 0.
inline float shares_of_seen(float* scores, int64_t seen, int64_t width, float scale) {
  __m512 largest = _mm512_set1_ps(-INFINITY), sum = _mm512_setzero_ps();
  for (int64_t i = 0; i < seen; i += kLanes) {
    const __mmask16 lanes = first_lanes(seen - i);
    largest = _mm512_mask_max_ps(largest, lanes, largest, load(scores + i, lanes));
  }
  const __m512 factor = _mm512_set1_ps(scale);
  const __m512 highest = _mm512_set1_ps(scale * _mm512_reduce_max_ps(largest));
  for (int64_t i = 0; i < width; i += kLanes) {
    const __mmask16 lanes = first_lanes(std::max<int64_t>(seen - i, 0));
    const __m512 lower = _mm512_fmsub_ps(load(scores + i), factor, highest);
    const __m512 share = _mm512_maskz_mov_ps(lanes, exponential(lower));
    store(scores + i, share);
    sum = _mm512_add_ps(sum, share);
  }
  return _mm512_reduce_add_ps(sum);
}

// One query: where it lies, where its result goes, and how many of the keys it sees.
template <class Number>
struct Query {
  const Number* first;
  Number* y;
  int64_t seen;
};

// Up to 8 queries of a key head, their scores and shares.
template <class Number>
class Queries {
 public:
  Queries(int64_t key_width, int64_t value_width, int64_t length, float scale)
      : key_width_(key_width), value_width_(value_width), length_(length),
        stride_((length + kLanes - 1) / kLanes * kLanes), scale_(scale),
        wide_(std::make_unique_for_overwrite<float[]>(kQueriesAtOnce * key_width)),
        channels_(std::make_unique_for_overwrite<float[]>(key_width * kLanes)),
        scores_(std::make_unique_for_overwrite<float[]>(kQueriesAtOnce * stride_)) {}

  template <int Count>
  void attend(const Query<Number>* queries, const Rows<Number>& keys, const Rows<Number>& values) {
    for (int q = 0; q < Count; ++q) widen_query(queries[q].first, wide_.get() + q * key_width_);
    for (int64_t key = 0; key < length_; key += kLanes) {
      for (int i = 0; i < kLanes; ++i) prefetch(keys[key + kKeysAhead + i], key_width_);
      by_channel(keys[key], places(keys.stride), first_lanes(length_ - key), key_width_,
                 channels_.get());
      score_keys<Count>(wide_.get(), channels_.get(), key_width_, scores_.get() + key, stride_);
    }
    float sums[Count];
    for (int q = 0; q < Count; ++q) {
      sums[q] = shares_of_seen(scores_.get() + q * stride_, queries[q].seen, stride_, scale_);
    }
    for (int64_t column = 0; column < value_width_; column += kColumnsAtOnce) {
      __m512 found[Count][2];
      sum_values<Count>(scores_.get(), stride_, values, length_, column, value_width_, found);
      for (int q = 0; q < Count; ++q) finish(found[q], sums[q], column, queries[q].y);
    }
  }

 private:
  static __m512i places(int64_t stride) {
    return _mm512_mullo_epi32(
        _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
        _mm512_set1_epi32(static_cast<int32_t>(stride)));
  }

  void widen_query(const Number* query, float* to) const {
    for (int64_t i = 0; i < key_width_; i += kLanes) {
      const __mmask16 lanes = first_lanes(key_width_ - i);
      store(to + i, load(query + i, lanes), lanes);
    }
  }

  void finish(const __m512 found[2], float sum, int64_t column, Number* y) const {
    const __m512 factor = _mm512_set1_ps(1.0f / sum);
    for (int half = 0; half < 2; ++half) {
      const int64_t at = column + half * kLanes;
      if (at >= value_width_) return;
      store(y + at, _mm512_mul_ps(found[half], factor), first_lanes(value_width_ - at));
    }
  }

  int64_t key_width_, value_width_, length_, stride_;
  float scale_;
  std::unique_ptr<float[]> wide_;      // the queries in float32
  std::unique_ptr<float[]> channels_;  // of 16 keys
  std::unique_ptr<float[]> scores_;    // a row for each query
};

}  // namespace sourcebook
