// A few activations times quantised weights, bound by reading the weights: each is read once for
// all rows. A row's result does not depend on the rows beside it, not even in its last bit.
#pragma once

#include "quantised.h"
#include "rounded_rows.h"
#include "vectors.h"

namespace sourcebook {

// Rows whose sums fit into registers beside a group's unpacked weights.
constexpr int kRowsAtOnce = 8;

// y (Rows x 16) = x (Rows, from first_row) times one block of weights.
template <class Weights, int Rows>
void multiply_block(const uint8_t* packed, const uint16_t* scales, const RoundedRows& x,
                    int64_t first_row, __m512 y[Rows]) {
  for (int row = 0; row < Rows; ++row) y[row] = _mm512_setzero_ps();
  for (int64_t group = 0; group < x.groups; ++group) {
    __m512i quads[kQuads];
    Weights::unpack(packed + group * Weights::kGroupBytes, quads);
    const __m512 scale = Weights::scale(scales + group * Weights::kScales);
    const __m512 offset = Weights::offset(scales + group * Weights::kScales);
    for (int row = 0; row < Rows; ++row) {
      const int64_t place = (first_row + row) * x.groups + group;
      const int32_t* columns = x.quads(first_row + row, group);
      __m512i even = _mm512_set1_epi32(x.offsets[place]);
      __m512i odd = _mm512_setzero_si512();  // two sums: each waits for its own last step only
      for (int quad = 0; quad < kQuads; quad += 2) {
        even = _mm512_dpbusd_epi32(even, quads[quad], _mm512_set1_epi32(columns[quad]));
        odd = _mm512_dpbusd_epi32(odd, quads[quad + 1], _mm512_set1_epi32(columns[quad + 1]));
      }
      const __m512 sum = _mm512_cvtepi32_ps(_mm512_add_epi32(even, odd));
      const __m512 step = _mm512_set1_ps(x.scales[place]);
      y[row] = _mm512_fmadd_ps(_mm512_mul_ps(sum, scale), step, y[row]);
      if constexpr (Weights::kHasOffsets) {
        y[row] = _mm512_fmadd_ps(offset, _mm512_set1_ps(x.sums[place]), y[row]);
      }
    }
  }
}

template <class Weights, int Rows, class Number>
void multiply_and_store(const QuantisedMatrix& w, int64_t block, const RoundedRows& x,
                        int64_t first_row, const Number* bias, Number* y) {
  __m512 sums[Rows];
  const int64_t group = block * w.groups();
  multiply_block<Weights, Rows>(w.packed + group * Weights::kGroupBytes,
                                w.scales + group * Weights::kScales, x, first_row, sums);
  const int64_t output = block * kBlock;
  const __mmask16 lanes = first_lanes(w.rows - output);
  const __m512 constant = bias ? load(bias + output, lanes) : _mm512_setzero_ps();
  for (int row = 0; row < Rows; ++row) {
    store(y + (first_row + row) * w.rows + output, _mm512_add_ps(sums[row], constant), lanes);
  }
}

// All rows times one block of weights, which after the first rows come from the cache.
template <class Weights, class Number>
void multiply_rows(const QuantisedMatrix& w, int64_t block, const RoundedRows& x, int64_t rows,
                   const Number* bias, Number* y) {
  int64_t row = 0;
  for (; row + kRowsAtOnce <= rows; row += kRowsAtOnce) {
    multiply_and_store<Weights, kRowsAtOnce>(w, block, x, row, bias, y);
  }
  switch (rows - row) {
    case 7: return multiply_and_store<Weights, 7>(w, block, x, row, bias, y);
    case 6: return multiply_and_store<Weights, 6>(w, block, x, row, bias, y);
    case 5: return multiply_and_store<Weights, 5>(w, block, x, row, bias, y);
    case 4: return multiply_and_store<Weights, 4>(w, block, x, row, bias, y);
    case 3: return multiply_and_store<Weights, 3>(w, block, x, row, bias, y);
    case 2: return multiply_and_store<Weights, 2>(w, block, x, row, bias, y);
    case 1: return multiply_and_store<Weights, 1>(w, block, x, row, bias, y);
  }
}

}  // namespace sourcebook
