// The keys and values of one text and head, laid out as right tiles.
#pragma once

#include "rows.h"
#include "transpose.h"

namespace encoder {

// A text's rows of queries, keys or values, in the columns of one head.
struct HeadRows {
  const BFloat16* first;
  Steps steps;

  const BFloat16* line(int64_t token, int64_t column) const {
    return first + column / kDepth * steps.depths + token * steps.rows;
  }
};

class PackedHead {
 public:
  // Fills up with zeros after the last token, to a multiple of 32; so is `width`.
  void pack(const HeadRows& keys, const HeadRows& values, int64_t tokens, int64_t width) {
    tokens_ = tokens;
    width_ = width;
    padded_ = encoder::padded(tokens);
    keys_.make_room(padded_ * width);
    values_.make_room(padded_ * width);
    for (int64_t token = 0; token < padded_; token += kSquare) {
      for (int64_t column = 0; column < width; column += kDepth) {
        pack_keys(keys, token, column, keys_.data() + token * width + column * kSquare);
        pack_values(values, token, column, values_.data() + column * padded_ + token * kDepth);
      }
    }
  }

  int64_t padded() const { return padded_; }
  const BFloat16* keys(int64_t token) const { return keys_.data() + token * width_; }
  const BFloat16* values(int64_t column) const { return values_.data() + column * padded_; }

 private:
  __m512i line(const HeadRows& rows, int64_t token, int64_t column) const {
    return token < tokens_ ? _mm512_load_si512(rows.line(token, column)) : _mm512_setzero_si512();
  }

  // A key's pairs of numbers, which lie side by side, come below each other.
  void pack_keys(const HeadRows& keys, int64_t token, int64_t column, BFloat16* tiles) const {
    for (int64_t side = 0; side < kSquare; side += kTileRows) {
      __m512i lines[kTileRows];
      for (int64_t i = 0; i < kTileRows; ++i) {
        lines[i] = line(keys, token + side + i, column);
      }
      transpose(lines);
      for (int64_t i = 0; i < kTileRows; ++i) {
        _mm512_store_si512(tiles + (side + i) * kDepth, lines[i]);
      }
    }
  }

  // The numbers of two values come side by side.
  void pack_values(const HeadRows& values, int64_t token, int64_t column,
                   BFloat16* tiles) const {
    alignas(64) uint16_t order[2 * kDepth];
    for (uint16_t i = 0; i < 2 * kDepth; ++i) order[i] = i / 2 + i % 2 * kDepth;
    const __m512i left = _mm512_load_si512(order), right = _mm512_load_si512(order + kDepth);
    for (int64_t i = 0; i < kTileRows; ++i) {
      const __m512i even = line(values, token + 2 * i, column);
      const __m512i odd = line(values, token + 2 * i + 1, column);
      BFloat16* to = tiles + i * kDepth;
      _mm512_store_si512(to, _mm512_permutex2var_epi16(even, left, odd));
      _mm512_store_si512(to + kTile, _mm512_permutex2var_epi16(even, right, odd));
    }
  }

  int64_t tokens_ = 0, padded_ = 0, width_ = 0;
  Buffer<BFloat16> keys_, values_;
};

}  // namespace encoder
