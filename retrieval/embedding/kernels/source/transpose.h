// 16 x 16 numbers of 32 bits, lines and columns exchanged in registers.
#pragma once

#include <immintrin.h>

#include <array>
#include <cstdint>

namespace encoder {

// What of two lines, `apart` from each other, comes into the upper (or else the lower) one.
template <int kApart>
constexpr std::array<int32_t, 16> exchanged(bool is_upper) {
  std::array<int32_t, 16> order{};
  for (int i = 0; i < 16; ++i) {
    const bool is_second = (i & kApart) != 0;
    order[i] = is_upper ? (is_second ? i - kApart + 16 : i) : (is_second ? i + 16 : i + kApart);
  }
  return order;
}

template <int kApart>
inline void exchange(__m512i (&lines)[16]) {
  alignas(64) static constexpr std::array<int32_t, 16> kUpper = exchanged<kApart>(true);
  alignas(64) static constexpr std::array<int32_t, 16> kLower = exchanged<kApart>(false);
  const __m512i upper = _mm512_load_si512(kUpper.data());
  const __m512i lower = _mm512_load_si512(kLower.data());
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    if (i & kApart) continue;
    const __m512i first = lines[i], second = lines[i + kApart];
    lines[i] = _mm512_permutex2var_epi32(first, upper, second);
    lines[i + kApart] = _mm512_permutex2var_epi32(first, lower, second);
  }
}

inline void transpose(__m512i (&lines)[16]) {
  exchange<8>(lines);
  exchange<4>(lines);
  exchange<2>(lines);
  exchange<1>(lines);
}

}  // namespace encoder
