// Attention of new tokens over a whole sequence, and the rotation of queries and keys.
#pragma once

#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <type_traits>

#include "attend_few.h"
#include "attend_many.h"
#include "elementwise.h"
#include "vectors.h"

namespace sourcebook {

// The tokens of one call: queries (T, H, C) contiguous; keys (K, S, C) and values (K, S, W) with
// neighbouring columns. Of T new tokens, the last ones of S, each sees itself and all before it.
template <class Number>
struct Attention {
  int64_t tokens, heads, shared, length, key_width, width;
  float scale;
  const Number *queries, *keys, *values;
  int64_t key_head, value_head, key_stride, value_stride;
  Number* y;

  Attention(const Tensor& q, const Tensor& k, const Tensor& v, double factor, Tensor& to)
      : tokens(q.size(0)), heads(q.size(1)), shared(heads / k.size(0)), length(k.size(1)),
        key_width(k.size(2)), width(v.size(2)), scale(static_cast<float>(factor)),
        queries(static_cast<const Number*>(q.const_data_ptr())),
        keys(static_cast<const Number*>(k.const_data_ptr())),
        values(static_cast<const Number*>(v.const_data_ptr())), key_head(k.stride(0)),
        value_head(v.stride(0)), key_stride(k.stride(1)), value_stride(v.stride(1)),
        y(static_cast<Number*>(to.mutable_data_ptr())) {}

  Rows<Number> keys_of(int64_t head) const { return {keys + head * key_head, key_stride}; }
  Rows<Number> values_of(int64_t head) const { return {values + head * value_head, value_stride}; }

  // Token `number / shared` of the head that is number `number % shared` of those of a key head.
  Query<Number> query(int64_t source, int64_t number) const {
    const int64_t token = number / shared;
    const int64_t place = token * heads + source * shared + number % shared;
    return {queries + place * key_width, y + place * width, length - tokens + token + 1};
  }

  void by_key_head() const {
    const int64_t each = tokens * shared, pieces = (each + kQueriesAtOnce - 1) / kQueriesAtOnce;
    torch::stable::parallel_for(0, heads / shared * pieces, 1, [&](int64_t begin, int64_t end) {
      Queries<Number> together(key_width, width, length, scale);
      for (int64_t i = begin; i < end; ++i) {
        const int64_t source = i / pieces, first = i % pieces * kQueriesAtOnce;
        const int64_t count = std::min<int64_t>(kQueriesAtOnce, each - first);
        Query<Number> some[kQueriesAtOnce];
        for (int64_t q = 0; q < count; ++q) some[q] = query(source, first + q);
        with_count(count, [&](auto constant) {
          together.template attend<constant()>(some, keys_of(source), values_of(source));
        });
      }
    });
  }

#ifdef __AVX512BF16__
  bool fits_squares() const {
    const bool whole_squares = key_width % kSquare == 0 && width % kSquare == 0;
    return tokens > kTileRows && whole_squares && squares_granted();
  }

  void by_squares() const {
    const int64_t squares = (tokens + kSquare - 1) / kSquare;
    for (int64_t source = 0; source < heads / shared; ++source) {
      const HeadTiles tiles(keys_of(source), key_width, values_of(source), width, length);
      torch::stable::parallel_for(0, shared * squares, 1, [&](int64_t begin, int64_t end) {
        const SquareUnit unit;
        TokenSquare square(key_width, length);
        for (int64_t i = begin; i < end; ++i) {
          const int64_t token = i / shared * kSquare, head = source * shared + i % shared;
          const int64_t place = token * heads + head, seen = length - tokens + token + 1;
          square.attend(tiles, {queries + place * key_width, heads * key_width},
                        std::min<int64_t>(kSquare, tokens - token), seen, scale, width,
                        y + place * width, heads * width);
        }
      });
    }
  }
#endif
};

// Tells whether `attend` is quick for many tokens too.
inline bool has_squares() {
#ifdef __AVX512BF16__
  return squares_granted();
#else
  return false;
#endif
}

// Returns (T, H, W). A token's result does not depend on the new tokens beside it, but for their
// number: many are attended for by squares, with shares rounded to bfloat16.
inline Tensor attend(Tensor queries, Tensor keys, Tensor values, double scale) {
  Tensor y = torch::stable::new_empty(queries, {queries.size(0), queries.size(1), values.size(2)});
  by_number_type(queries, [&]<class Number>(Number*) {
    const Attention<Number> attention(queries, keys, values, scale, y);
#ifdef __AVX512BF16__
    if constexpr (std::is_same_v<Number, BFloat16>) {
      if (attention.fits_squares()) return attention.by_squares();
    }
#endif
    attention.by_key_head();
  });
  return y;
}

template <class Number>
void rotate_head(const Number* x, const Number* cosine, const Number* sine, int64_t half,
                 int64_t width, Number* y) {
  for (int64_t i = 0; i < half; i += kLanes) {
    const __mmask16 lanes = first_lanes(half - i);
    const __m512 first = load(x + i, lanes), second = load(x + half + i, lanes);
    const __m512 cos = load(cosine + i, lanes), sin = load(sine + i, lanes);
    store(y + i, _mm512_fmsub_ps(first, cos, _mm512_mul_ps(second, sin)), lanes);
    store(y + half + i, _mm512_fmadd_ps(second, cos, _mm512_mul_ps(first, sin)), lanes);
  }
  std::copy(x + 2 * half, x + width, y + 2 * half);
}

// x (T, H, C); cosines and sines (T, 1, F) of one number type; all contiguous. Channel i < F turns
// with channel F + i; those from 2 F on stay.
inline Tensor rotate(Tensor x, Tensor cosines, Tensor sines) {
  Tensor y = torch::stable::empty_like(x);
  const int64_t tokens = x.size(0), heads = x.size(1), width = x.size(2);
  const int64_t half = cosines.numel() / tokens;
  by_number_type(x, [&]<class Number>(Number*) {
    const auto* from = static_cast<const Number*>(x.const_data_ptr());
    const auto* cosine = static_cast<const Number*>(cosines.const_data_ptr());
    const auto* sine = static_cast<const Number*>(sines.const_data_ptr());
    auto* to = static_cast<Number*>(y.mutable_data_ptr());
    torch::stable::parallel_for(0, tokens, 16, [&](int64_t begin, int64_t end) {
      for (int64_t place = begin * heads; place < end * heads; ++place) {
        const int64_t angle = place / heads * half;
        rotate_head(from + place * width, cosine + angle, sine + angle, half, width,
                    to + place * width);
      }
    });
  });
  return y;
}

}  // namespace sourcebook
