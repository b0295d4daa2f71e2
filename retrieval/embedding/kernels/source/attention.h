// Attention of the tokens of one text, head by head: softmax(q k^T / sqrt(width)) v.
#pragma once

#include <algorithm>
#include <cmath>

#include "packed_head.h"

namespace encoder {

class Attention {
 public:
  // qkv has all queries, all keys, all values in its columns; mixed all heads. The text's rows are
  // `tokens` from `first`.
  void attend(const ColumnsOfRows& qkv, int64_t first, int64_t tokens, int64_t heads,
              int64_t hidden, const TiledRows& mixed) {
    tokens_ = tokens;
    width_ = hidden / heads;
    scale_ = 1.44269504f / std::sqrt(static_cast<float>(width_));  // log2 e
    make_room();
    const int64_t shares_meanwhile = kSquare * kSquare / padded(tokens) + 1;
    for (int64_t column = 0; column < hidden; column += width_) {
      const auto rows = [&](int64_t part) {
        return HeadRows{qkv.line(first, part * hidden + column), qkv.steps()};
      };
      packed_.pack(rows(1), rows(2), tokens, width_);
      score(rows(0), 0, 0);
      for (int64_t token = 0; token < tokens; token += kSquare) {
        begin_shares(token);
        // The tiles' unit has the next scores ready when these have become shares.
        if (token + kSquare < tokens) score(rows(0), token + kSquare, shares_meanwhile);
        go_on(kSquare);
        mix(mixed, first + token, column);
      }
    }
  }

 private:
  void make_room() {
    // Not a power of two, whose rows would share a few lines of the cache.
    stride_ = padded(tokens_) + kDepth;
    for (auto& scores : scores_) scores.make_room(kSquare * stride_);
    shares_.make_room(kSquare * stride_);
  }

  // Scores 32 queries from `first`, with some rows of shares in between.
  void score(const HeadRows& queries, int64_t first, int64_t shares_meanwhile) {
    const Buffer<float>& scores = scores_[first / kSquare % 2];
    for (int64_t token = 0; token < tokens_; token += kSquare) {
      multiply(queries.line(first, 0), queries.steps, std::min<int64_t>(kSquare, tokens_ - first),
               packed_.keys(token), width_ / kDepth, scores.data() + token, stride_, [] {});
      go_on(shares_meanwhile);
    }
  }

  void begin_shares(int64_t first) {
    turn_ = first / kSquare % 2;
    count_ = std::min<int64_t>(kSquare, tokens_ - first);
    done_ = 0;
  }

  void go_on(int64_t rows) {
    for (const int64_t end = std::min(count_, done_ + rows); done_ < end; ++done_) share(done_);
  }

  // Scores become shares, but for their sum, by which the mixed values are divided.
  void share(int64_t row) {
    const float* scores = scores_[turn_].data() + row * stride_;
    BFloat16* shares = shares_.data() + row * stride_;
    const __m512 none = _mm512_set1_ps(-INFINITY);
    const int64_t last = padded(tokens_) - kSquare;
    const auto tail = [&](int64_t i) {
      return _mm512_mask_load_ps(none, first_lanes(tokens_ - last - i), scores + last + i);
    };
    const __m512 tail_left = tail(0), tail_right = tail(kLanes);
    __m512 most_left = tail_left, most_right = tail_right;
    for (int64_t i = 0; i < last; i += kSquare) {
      most_left = _mm512_max_ps(most_left, _mm512_load_ps(scores + i));
      most_right = _mm512_max_ps(most_right, _mm512_load_ps(scores + i + kLanes));
    }
    const __m512 factor = _mm512_set1_ps(scale_);
    const float highest = _mm512_reduce_max_ps(_mm512_max_ps(most_left, most_right));
    const __m512 most = _mm512_set1_ps(scale_ * highest);
    __m512 sum_left = _mm512_setzero_ps(), sum_right = _mm512_setzero_ps();
    const auto share = [&](int64_t i, __m512 left, __m512 right) {
      left = power_of_two(_mm512_fmsub_ps(left, factor, most));
      right = power_of_two(_mm512_fmsub_ps(right, factor, most));
      sum_left = _mm512_add_ps(sum_left, left);
      sum_right = _mm512_add_ps(sum_right, right);
      store(shares + i, left, right);
    };
    for (int64_t i = 0; i < last; i += kSquare) {
      share(i, _mm512_load_ps(scores + i), _mm512_load_ps(scores + i + kLanes));
    }
    share(last, tail_left, tail_right);
    factors_[row] = 1.0f / _mm512_reduce_add_ps(_mm512_add_ps(sum_left, sum_right));
  }

  void mix(const TiledRows& mixed, int64_t first, int64_t column) {
    alignas(64) float square[kSquare * kSquare];
    for (int64_t part = 0; part < width_; part += kDepth) {
      multiply(shares_.data(), {stride_, kDepth}, count_, packed_.values(part),
               padded(tokens_) / kDepth, square, kSquare, [] {});
      for (int64_t i = 0; i < count_; ++i) {
        const __m512 factor = _mm512_set1_ps(factors_[i]);
        const float* sums = square + i * kSquare;
        store(mixed.line(first + i, column + part), _mm512_mul_ps(_mm512_load_ps(sums), factor),
              _mm512_mul_ps(_mm512_load_ps(sums + kLanes), factor));
      }
    }
  }

  PackedHead packed_;
  int64_t tokens_ = 0, width_ = 0, stride_ = 0;
  int64_t turn_ = 0, count_ = 0, done_ = 0;  // shares of which scores, of how many rows, so far
  Buffer<float> scores_[2];  // of these queries, and of the next
  Buffer<BFloat16> shares_;
  float scale_ = 0, factors_[kSquare];
};

}  // namespace encoder
