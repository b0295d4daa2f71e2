// Quantised weights as they lie in memory; model/quantised/packing.py says the same in torch.
//
// 16 rows make a block, 32 columns a group. Blocks follow each other; in a block, its groups. A
// group holds 8 quads of 4 columns; a quad lies in memory as 16 rows x 4 columns, a byte each. At 4
// bits, the low halves of the first 4 quads' bytes are quads 0-3, the high halves quads 4-7. At 5,
// 64 bytes follow with the values' highest bits: bit q of each byte belongs to quad q. Values are
// unsigned: the zero point is added. Each row and group has a bfloat16 scale, those of a block's
// rows side by side; or, at 4 bits, a float16 scale, and after these an offset that is added.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "vectors.h"

namespace sourcebook {

constexpr int kBlock = kLanes;  // rows
constexpr int kGroup = 32;      // columns
constexpr int kQuads = 8;       // in a group
constexpr int kReadAhead = 2048;  // bytes; the processor's own prefetch stops at each page's end

struct QuantisedMatrix {
  const uint8_t* packed;
  const uint16_t* scales;
  int64_t rows;
  int64_t columns;
  int64_t group_bytes, group_scales;  // which tell the precision

  int64_t groups() const { return (columns + kGroup - 1) / kGroup; }
  int64_t blocks() const { return (rows + kBlock - 1) / kBlock; }
};

// What a block's rows multiply their values by, less the zero point, and then add.
struct Scaling {
  static constexpr int kScales = kBlock;
  static constexpr bool kHasOffsets = false;

  static __m512 scale(const uint16_t* scales) {
    return load(reinterpret_cast<const BFloat16*>(scales));
  }
  static __m512 offset(const uint16_t*) { return _mm512_setzero_ps(); }
};

struct ScalingWithOffsets {
  static constexpr int kScales = 2 * kBlock;
  static constexpr bool kHasOffsets = true;

  static __m512 scale(const uint16_t* scales) { return load_half(scales); }
  static __m512 offset(const uint16_t* scales) { return load_half(scales + kBlock); }
};

struct Int8 : Scaling {
  static constexpr int kGroupBytes = kBlock * kGroup;
  static constexpr int32_t kZeroPoint = 128;

  static void unpack(const uint8_t* packed, __m512i quads[kQuads]) {
    for (int quad = 0; quad < kQuads; ++quad) {
      quads[quad] = _mm512_loadu_si512(packed + quad * 64);
      _mm_prefetch(reinterpret_cast<const char*>(packed + quad * 64 + kReadAhead), _MM_HINT_T0);
    }
  }
};

struct Nibbles {
  static constexpr int kGroupBytes = kBlock * kGroup / 2;
  static constexpr int32_t kZeroPoint = 8;

  static void unpack(const uint8_t* packed, __m512i quads[kQuads]) {
    const __m512i half = _mm512_set1_epi8(15);
    for (int quad = 0; quad < kQuads / 2; ++quad) {
      const __m512i both = _mm512_loadu_si512(packed + quad * 64);
      _mm_prefetch(reinterpret_cast<const char*>(packed + quad * 64 + kReadAhead), _MM_HINT_T0);
      quads[quad] = _mm512_and_si512(both, half);
      quads[quad + kQuads / 2] = _mm512_and_si512(_mm512_srli_epi16(both, 4), half);
    }
  }
};

struct Int4 : Nibbles, Scaling {};
struct Int4WithOffsets : Nibbles, ScalingWithOffsets {};

struct Int5 : Scaling {
  static constexpr int kGroupBytes = Nibbles::kGroupBytes + kBlock * kGroup / 8;
  static constexpr int32_t kZeroPoint = 16;

  static void unpack(const uint8_t* packed, __m512i quads[kQuads]) {
    Nibbles::unpack(packed, quads);
    const uint8_t* last = packed + Nibbles::kGroupBytes;
    const __m512i high = _mm512_loadu_si512(last), fifth = _mm512_set1_epi8(16);
    _mm_prefetch(reinterpret_cast<const char*>(last + kReadAhead), _MM_HINT_T0);
    constexpr int kAddMasked = 0xf8;  // first | (second & third)
    for (int quad = 0; quad < kQuads; ++quad) {
      const __m512i bit =
          quad < 4 ? _mm512_slli_epi16(high, 4 - quad) : _mm512_srli_epi16(high, quad - 4);
      quads[quad] = _mm512_ternarylogic_epi32(quads[quad], bit, fifth, kAddMasked);
    }
  }
};

// Calls `work` with a matrix' precision.
template <class Work>
auto by_precision(const QuantisedMatrix& w, const Work& work) {
  if (w.group_scales == Int4WithOffsets::kScales) return work(Int4WithOffsets());
  if (w.group_bytes == Int4::kGroupBytes) return work(Int4());
  if (w.group_bytes == Int5::kGroupBytes) return work(Int5());
  return work(Int8());
}

}  // namespace sourcebook
