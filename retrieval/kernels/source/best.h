// The highest of many scores, and with them all that are as high as the last of them: which ones
// are kept then depends on no order.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <vector>

namespace sourcebook_retrieval {

struct Kept {
  uint32_t position;
  float score;
};

class Best {
 public:
  explicit Best(int64_t count) : count_(count), room_(4 * count + kAtOnce), keys_(room_) {}

  // Offers eight scores, of positions from `first` on, where `chosen` has a bit.
  void offer(__m256 scores, uint8_t chosen, int64_t first) {
    const __m256i key = ordered(scores);
    const __mmask8 kept = _mm256_mask_cmpge_epu32_mask(chosen, key, _mm256_set1_epi32(static_cast<int>(least_)));
    if (kept == 0) return;
    if (held_ + kAtOnce > room_) prune();
    const __m512i order = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    const __m512i positions = _mm512_add_epi64(order, _mm512_set1_epi64(first));
    const __m512i high = _mm512_slli_epi64(_mm512_cvtepu32_epi64(key), 32);
    _mm512_mask_compressstoreu_epi64(&keys_[held_], kept, _mm512_or_si512(high, positions));
    held_ += _mm_popcnt_u32(kept);
  }

  // What was kept, in any order.
  std::vector<Kept> kept() {
    prune();
    std::vector<Kept> found(held_);
    std::transform(keys_.begin(), keys_.begin() + held_, found.begin(), [](uint64_t key) {
      const auto high = static_cast<uint32_t>(key >> 32);
      const uint32_t bits = high & kSign ? high ^ kSign : ~high;
      return Kept{static_cast<uint32_t>(key), std::bit_cast<float>(bits)};
    });
    return found;
  }

 private:
  static constexpr int64_t kAtOnce = 8;
  static constexpr uint32_t kSign = 1u << 31;

  // Whole numbers in the order of the scores.
  static __m256i ordered(__m256 scores) {
    const __m256i bits = _mm256_castps_si256(scores);
    const __m256i sign = _mm256_set1_epi32(static_cast<int>(kSign));
    return _mm256_xor_si256(bits, _mm256_or_si256(_mm256_srai_epi32(bits, 31), sign));
  }

  void prune() {
    if (held_ <= count_) return;
    const auto begin = keys_.begin(), last = begin + count_ - 1, end = begin + held_;
    std::nth_element(begin, last, end, std::greater<>());
    least_ = static_cast<uint32_t>(*last >> 32);
    const auto ties = [this](uint64_t key) { return key >> 32 == least_; };
    held_ = std::partition(last + 1, end, ties) - begin;
    if (held_ > room_ / 2) keys_.resize(room_ = 2 * held_ + kAtOnce);
  }

  int64_t count_, room_, held_ = 0;
  uint32_t least_ = 0;
  std::vector<uint64_t> keys_;  // score above, position below
};

}  // namespace sourcebook_retrieval
