// Sixteen numbers at a time, computed in float32, kept as float32 or bfloat16.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace sourcebook {

struct BFloat16 {
  uint16_t bits;
};

constexpr int kLanes = 16;

template <class Number>
struct Rows {
  const Number* first;
  int64_t stride;  // numbers from one row to the next

  const Number* operator[](int64_t row) const { return first + row * stride; }
};

inline __mmask16 first_lanes(int64_t count) {
  return count >= kLanes ? 0xffff : static_cast<__mmask16>((1u << count) - 1);
}

inline __m512 widen(__m256i bits) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

inline __m512 load(const float* from, __mmask16 lanes = 0xffff) {
  return _mm512_maskz_loadu_ps(lanes, from);
}

inline __m512 load(const BFloat16* from, __mmask16 lanes = 0xffff) {
  return widen(_mm256_maskz_loadu_epi16(lanes, from));
}

// float16 numbers, which need no unit that computes with them.
inline __m512 load_half(const uint16_t* from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

// Rounds to the nearest bfloat16, ties to even; what is no number stays so.
inline __m512i round_to_bfloat16(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i up = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
  const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, up), 16);
  const __mmask16 no_number = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_mask_mov_epi32(rounded, no_number, _mm512_set1_epi32(0x7fc0));
}

inline void store(float* to, __m512 x, __mmask16 lanes = 0xffff) {
  _mm512_mask_storeu_ps(to, lanes, x);
}

inline void store(BFloat16* to, __m512 x, __mmask16 lanes = 0xffff) {
  _mm256_mask_storeu_epi16(to, lanes, _mm512_cvtepi32_epi16(round_to_bfloat16(x)));
}

// Two vectors as 32 neighbouring numbers, rounded as above but for the tiniest, which become 0.
inline void store_both(BFloat16* to, __m512 first, __m512 second) {
  const __m512bh both = _mm512_cvtne2ps_pbh(second, first);
  _mm512_storeu_si512(to, reinterpret_cast<__m512i>(both));
}

}  // namespace sourcebook
