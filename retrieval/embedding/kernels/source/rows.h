// Rows of bfloat16 numbers, laid out as the products read and write them.
#pragma once

#include "buffer.h"
#include "products.h"

namespace encoder {

// A multiple of 32.
inline int64_t padded(int64_t count) { return (count + kSquare - 1) / kSquare * kSquare; }

// Activations as left tiles: for each 32 rows all their columns, 32 at a time, so that a product
// reads from front to back. There is room for a multiple of 32 rows; what lies after the last does
// not matter.
class TiledRows {
 public:
  static constexpr Steps kSteps{kDepth, kSquare * kDepth};

  static int64_t size(int64_t rows, int64_t columns) { return padded(rows) * columns; }

  TiledRows(const Buffer<BFloat16>& numbers, int64_t columns)
      : numbers_(numbers.data()), columns_(columns) {}

  // The line of 32 columns from `column`, a multiple of 32.
  BFloat16* line(int64_t row, int64_t column) const {
    return numbers_ + row / kSquare * kSquare * columns_ + column * kSquare +
           row % kSquare * kDepth;
  }

 private:
  BFloat16* numbers_;
  int64_t columns_;
};

// Rows that may begin a tile anywhere, as a text's do: 32 columns of all rows, then the next 32.
class ColumnsOfRows {
 public:
  static int64_t size(int64_t rows, int64_t columns) { return step(rows) / kDepth * columns; }

  ColumnsOfRows(const Buffer<BFloat16>& numbers, int64_t rows)
      : numbers_(numbers.data()), step_(step(rows)) {}

  Steps steps() const { return {kDepth, step_}; }
  BFloat16* line(int64_t row, int64_t column) const {
    return numbers_ + column / kDepth * step_ + row * kDepth;
  }

 private:
  // Tiles are read beyond the last row.
  static int64_t step(int64_t rows) { return (padded(rows) + kSquare) * kDepth; }

  BFloat16* numbers_;
  int64_t step_;
};

}  // namespace encoder
