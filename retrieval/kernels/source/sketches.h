// The vectors nearest to a query: sketches propose some, and those are scored exactly.
// Gao and Long, "RaBitQ", SIGMOD 2024; the layout of sketches is that of FAISS' IndexRaBitQ.
#pragma once

#include <immintrin.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>
#include <vector>

#include "best.h"

namespace sourcebook_retrieval {

using torch::stable::Tensor;

constexpr int64_t kRows = 8;    // sketches at a time: one byte of the bitmap
constexpr int64_t kChunk = 64;  // bytes of a sketch in one register
constexpr int kPlanes = 4;      // bits of each dimension of a query
constexpr int64_t kFactors = 2 * sizeof(float);
constexpr int64_t kAhead = 4;  // vectors that are fetched before they are scored

// A query on 16 levels, as the bits of each level's digits. `dot` and `ones` weigh what a sketch has
// in common with it, and how many bits it has.
struct Aim {
  int64_t bytes, chunks;
  std::vector<uint8_t> digits;  // chunk by chunk, all planes of each
  float dot, ones, base;

  Aim(const float* query, int64_t dimensions)
      : bytes((dimensions + 7) / 8),
        chunks((bytes + kChunk - 1) / kChunk),
        digits(chunks * kPlanes * kChunk) {
    const auto [low, high] = std::minmax_element(query, query + dimensions);
    const float step = (*high - *low) / ((1 << kPlanes) - 1);
    int64_t sum = 0;
    for (int64_t i = 0; i < dimensions; ++i) {
      const int level = step > 0 ? static_cast<int>(std::lround((query[i] - *low) / step)) : 0;
      sum += level;
      for (int plane = 0; plane < kPlanes; ++plane) {
        const int64_t row = i / 8 / kChunk * kPlanes + plane;
        digits[row * kChunk + i / 8 % kChunk] |= (level >> plane & 1) << i % 8;
      }
    }
    const float root = std::sqrt(static_cast<float>(dimensions));
    dot = 2 * step / root;
    ones = 2 * *low / root;
    base = (dimensions * *low + step * sum) / root;
  }
};

// Lane by lane: in the low half what the bits are worth, in the high half how many there are.
inline __m512i common(const Aim& aim, const uint8_t* sketch) {
  __m512i counts = _mm512_setzero_si512();
  for (int64_t c = 0; c < aim.chunks; ++c) {
    const __mmask64 used = _bzhi_u64(~0ull, std::min(kChunk, aim.bytes - c * kChunk));
    const __m512i bits = _mm512_maskz_loadu_epi8(used, sketch + c * kChunk);
    const auto shared = [&](int plane) {
      const uint8_t* digits = &aim.digits[(c * kPlanes + plane) * kChunk];
      return _mm512_popcnt_epi64(_mm512_and_si512(bits, _mm512_loadu_si512(digits)));
    };
    const __m512i low = _mm512_add_epi64(shared(0), _mm512_slli_epi64(shared(1), 1));
    const __m512i high = _mm512_add_epi64(shared(2), _mm512_slli_epi64(shared(3), 1));
    const __m512i worth = _mm512_add_epi64(low, _mm512_slli_epi64(high, 2));
    const __m512i ones = _mm512_slli_epi64(_mm512_popcnt_epi64(bits), 32);
    counts = _mm512_add_epi64(counts, _mm512_add_epi64(worth, ones));
  }
  return counts;
}

// The sum of all lanes of each of eight registers.
inline __m512i sums(const __m512i (&x)[kRows]) {
  __m512i pairs[4], fours[2];
  for (int i = 0; i < 4; ++i) {
    pairs[i] = _mm512_add_epi64(_mm512_unpacklo_epi64(x[2 * i], x[2 * i + 1]),
                                _mm512_unpackhi_epi64(x[2 * i], x[2 * i + 1]));
  }
  const auto folded = [](__m512i a, __m512i b) {
    return _mm512_add_epi64(_mm512_shuffle_i64x2(a, b, 0x88), _mm512_shuffle_i64x2(a, b, 0xdd));
  };
  for (int i = 0; i < 2; ++i) fours[i] = folded(pairs[2 * i], pairs[2 * i + 1]);
  return folded(fours[0], fours[1]);
}

// Estimated inner products of eight sketches with the query, less what is the same for all.
inline __m256 estimates(const Aim& aim, const uint8_t* sketches) {
  const int64_t size = aim.bytes + kFactors;
  __m512i counts[kRows];
  for (int64_t row = 0; row < kRows; ++row) counts[row] = common(aim, sketches + row * size);
  const __m512i all = sums(counts);
  const __m256 dot = _mm256_cvtepi32_ps(_mm512_cvtepi64_epi32(all));
  const __m256 ones = _mm256_cvtepi32_ps(_mm512_cvtepi64_epi32(_mm512_srli_epi64(all, 32)));
  const __m256i order = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i at = _mm256_mullo_epi32(order, _mm256_set1_epi32(static_cast<int>(size)));
  const auto factors = reinterpret_cast<const float*>(sketches + aim.bytes);
  const __m256 away = _mm256_i32gather_ps(factors, at, 1);
  const __m256 scale = _mm256_i32gather_ps(factors + 1, at, 1);
  const __m256 along = _mm256_fmadd_ps(
      dot, _mm256_set1_ps(aim.dot),
      _mm256_fmsub_ps(ones, _mm256_set1_ps(aim.ones), _mm256_set1_ps(aim.base)));
  return _mm256_fmadd_ps(scale, along, _mm256_mul_ps(away, _mm256_set1_ps(-0.5f)));
}

// Positions of the visible sketches whose estimates are the `count` highest, or tie with them.
inline std::vector<Kept> proposed(const Aim& aim, const uint8_t* sketches, int64_t total,
                                      const uint8_t* visible, int64_t count) {
  const int64_t size = aim.bytes + kFactors;
  Best best(count);
  const int64_t whole = total / kRows;
  for (int64_t block = 0; block < whole; ++block) {
    if (visible[block] == 0) continue;
    best.offer(estimates(aim, sketches + block * kRows * size), visible[block], block * kRows);
  }
  if (const int64_t left = total % kRows; left != 0 && visible[whole] != 0) {
    std::vector<uint8_t> last(kRows * size);
    std::memcpy(last.data(), sketches + whole * kRows * size, left * size);
    best.offer(estimates(aim, last.data()), visible[whole], whole * kRows);
  }
  return best.kept();
}

inline float inner_product(const float* query, const uint16_t* vector, int64_t dimensions) {
  __m512 sum = _mm512_setzero_ps(), other = _mm512_setzero_ps();
  int64_t i = 0;
  const auto product = [&](int64_t at, __m512 to) {
    const __m512 x = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)(vector + at)));
    return _mm512_fmadd_ps(x, _mm512_loadu_ps(query + at), to);
  };
  for (; i + 32 <= dimensions; i += 32) {
    sum = product(i, sum);
    other = product(i + 16, other);
  }
  float result = _mm512_reduce_add_ps(_mm512_add_ps(sum, other));
  for (; i < dimensions; ++i) result += query[i] * _cvtsh_ss(vector[i]);
  return result;
}

inline void fetch(const uint16_t* vector, int64_t dimensions) {
  for (int64_t i = 0; i < dimensions; i += 32) _mm_prefetch((const char*)(vector + i), _MM_HINT_T0);
}

// sketches (n, d / 8 + 8) and visible (n / 8) of bytes, rounded up, vectors (n, d) of 16 bits,
// query and aim (d) of 32: its position relative to the sketches' centre. Returns positions and
// inner products of what the sketches propose.
inline std::tuple<Tensor, Tensor> nearest(Tensor sketches, Tensor vectors, Tensor visible,
                                          Tensor query, Tensor aim, int64_t count) {
  const int64_t total = vectors.size(0), dimensions = vectors.size(1);
  const auto rows = static_cast<const uint16_t*>(vectors.const_data_ptr());
  const auto asked = static_cast<const float*>(query.const_data_ptr());
  const Aim target(static_cast<const float*>(aim.const_data_ptr()), dimensions);
  const auto found =
      proposed(target, static_cast<const uint8_t*>(sketches.const_data_ptr()), total,
               static_cast<const uint8_t*>(visible.const_data_ptr()), count);
  const int64_t chosen = found.size();
  Tensor positions = torch::stable::new_empty(query, {chosen}, torch::headeronly::ScalarType::Long);
  Tensor scores = torch::stable::new_empty(query, {chosen});
  auto places = static_cast<int64_t*>(positions.mutable_data_ptr());
  auto products = static_cast<float*>(scores.mutable_data_ptr());
  for (int64_t i = 0; i < chosen; ++i) {
    if (i + kAhead < chosen) fetch(rows + found[i + kAhead].position * dimensions, dimensions);
    places[i] = found[i].position;
    products[i] = inner_product(asked, rows + places[i] * dimensions, dimensions);
  }
  return {positions, scores};
}

}  // namespace sourcebook_retrieval
