// Sixteen float32 numbers at a time, and the functions of BERT that are no products.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace encoder {

using BFloat16 = uint16_t;  // the upper half of a float32's bits

constexpr int kLanes = 16;

inline __mmask16 first_lanes(int64_t count) {
  if (count >= kLanes) return 0xffff;
  return count > 0 ? static_cast<__mmask16>((1u << count) - 1) : 0;
}

// 32 numbers, rounded to the nearest (ties to even), into one line of the cache.
inline void store(BFloat16* line, __m512 left, __m512 right) {
  _mm512_store_si512(line, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(right, left)));
}

template <int kCount>
inline __m512 polynomial(__m512 x, const float (&terms)[kCount]) {  // the highest power first
  __m512 sum = _mm512_set1_ps(terms[0]);
  for (int i = 1; i < kCount; ++i) sum = _mm512_fmadd_ps(sum, x, _mm512_set1_ps(terms[i]));
  return sum;
}

// 2^x for x <= 0, within a relative 8e-5: what is made of it is rounded to bfloat16, within 2e-3.
// The polynomial is the minimax one for 2^f, |f| <= 0.5.
inline __m512 power_of_two(__m512 x) {
  constexpr float kTerms[] = {0.05517167f, 0.24261114f, 0.69326097f, 0.99992806f};
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  return _mm512_scalef_ps(polynomial(_mm512_sub_ps(x, whole), kTerms), whole);
}

// x / 2 * (1 + erf(x / sqrt 2)), within 5e-5 for |x| <= 4 and 5e-5 |x| beyond; rounding the result
// to bfloat16 errs by up to 2e-3 |x|. The polynomial is the minimax one, in x^2, for erf / x.
inline __m512 gelu(__m512 x) {
  constexpr float kTerms[] = {-2.60377675e-09f, 2.08470141e-07f, -7.31635964e-06f, 1.49739528e-04f,
                              -2.01321184e-03f, 1.90117899e-02f, -1.31777793e-01f, 7.97348380e-01f};
  const __m512 bound = _mm512_set1_ps(4.0f), opposite = _mm512_set1_ps(-4.0f);
  const __m512 near = _mm512_max_ps(_mm512_min_ps(x, bound), opposite);
  const __m512 erf = _mm512_mul_ps(near, polynomial(_mm512_mul_ps(near, near), kTerms));
  const __m512 half = _mm512_mul_ps(x, _mm512_set1_ps(0.5f));
  return _mm512_fmadd_ps(half, erf, half);
}

}  // namespace encoder
