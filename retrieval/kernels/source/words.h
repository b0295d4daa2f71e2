// Passages by BM25 and by the words of their documents, as retrieval/lexical says: the same sums in
// the same order, for some slots after the others so that scores stay in the processor's cache.
#pragma once

#include <immintrin.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <vector>

#include "best.h"

namespace sourcebook_retrieval {

using torch::stable::Tensor;

constexpr float kB = 0.75f;
constexpr int64_t kBlock = 32'768;  // slots
constexpr int64_t kLanes = 16;

// A row of the table of segments: addresses of arrays, and how many tokens there are.
struct Segment {
  const uint64_t* tokens;
  int64_t size;
  const int64_t* starts;
  const uint32_t* slots;
  const uint16_t* counts;
};
static_assert(sizeof(Segment) == 5 * sizeof(int64_t));

struct Span {
  const uint32_t* slots;
  const uint16_t* counts;
  int64_t size;
};

using Postings = std::vector<std::vector<Span>>;  // of each token, one span for each segment

template <typename T>
const T* numbers(const Tensor& tensor) {
  return static_cast<const T*>(tensor.const_data_ptr());
}

inline Postings find(const Tensor& segments, const Tensor& wanted) {
  Postings found(wanted.numel());
  const auto tokens = numbers<uint64_t>(wanted);
  for (int64_t s = 0; s < segments.size(0); ++s) {
    const Segment& segment = numbers<Segment>(segments)[s];
    const auto end = segment.tokens + segment.size;
    for (size_t t = 0; t < found.size(); ++t) {
      const auto place = std::lower_bound(segment.tokens, end, tokens[t]);
      if (place == end || *place != tokens[t]) continue;
      const int64_t i = place - segment.tokens, start = segment.starts[i];
      const int64_t size = segment.starts[i + 1] - start;
      found[t].push_back({segment.slots + start, segment.counts + start, size});
    }
  }
  return found;
}

// The inverse document frequency of each token in `among` of which the scope sees all.
inline std::vector<double> rarities(const Postings& postings, const bool* visible, int64_t among) {
  std::vector<double> rare;
  for (const auto& spans : postings) {
    int64_t holders = 0;
    for (const Span& span : spans) {
      if (visible == nullptr) {
        holders += span.size;
      } else {
        for (int64_t i = 0; i < span.size; ++i) holders += visible[span.slots[i]];
      }
    }
    rare.push_back(std::log(1 + (among - holders + 0.5) / (holders + 0.5)));
  }
  return rare;
}

// What one posting is worth: how rare its token is, damped by the length of what holds it.
struct Worth {
  float k1;
  double mean_length;

  __m512 operator()(double rarity, __m512 counts, __m512 lengths) const {
    const auto fixed = _mm512_set1_ps(k1 * (1 - kB));
    const auto by_length = _mm512_set1_ps(static_cast<float>(k1 * kB / mean_length));
    const auto weight = _mm512_set1_ps(static_cast<float>((k1 + 1.0) * rarity));
    const __m512 damping = _mm512_fmadd_ps(by_length, lengths, fixed);
    return _mm512_div_ps(_mm512_mul_ps(weight, counts), _mm512_add_ps(counts, damping));
  }
};

// Adds the worth of `count` postings to the scores of what holds them. `owners`, if there are any,
// tell whose slots they are; slots and owners rise, so no two lanes are the same.
inline void add(float* scores, const float* lengths, const int32_t* owners, const Worth& worth,
                double rarity, const uint32_t* slots, const uint16_t* counts, int64_t count,
                int64_t base) {
  for (int64_t i = 0; i < count; i += kLanes) {
    const __mmask16 lanes = _bzhi_u32(0xffff, std::min(kLanes, count - i));
    __m512i at = _mm512_maskz_loadu_epi32(lanes, slots + i);
    const __m512 zero = _mm512_setzero_ps();
    if (owners != nullptr) {
      at = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes, at, owners, 4);
    }
    const __m512 length = _mm512_mask_i32gather_ps(zero, lanes, at, lengths, 4);
    const __m512i held = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes, counts + i));
    const __m512i place = _mm512_sub_epi32(at, _mm512_set1_epi32(static_cast<int>(base)));
    const __m512 before = _mm512_mask_i32gather_ps(zero, lanes, place, scores, 4);
    const __m512 added = worth(rarity, _mm512_cvtepi32_ps(held), length);
    _mm512_mask_i32scatter_ps(scores, lanes, place, _mm512_add_ps(before, added), 4);
  }
}

// Takes of a token's postings those whose slots come before `end`, from the spans' front.
inline void add_until(int64_t end, std::vector<Span>& spans, float* scores, const float* lengths,
                      const Worth& worth, double rarity, int64_t base) {
  for (Span& span : spans) {
    const auto last = span.slots + span.size;
    const int64_t taken = std::lower_bound(span.slots, last, end) - span.slots;
    add(scores, lengths, nullptr, worth, rarity, span.slots, span.counts, taken, base);
    span = {span.slots + taken, span.counts + taken, span.size - taken};
  }
}

inline void add_documents(std::vector<float>& scores, const Postings& postings,
                          const float* lengths, const int32_t* owners, const Worth& worth,
                          const std::vector<double>& rare) {
  for (size_t t = 0; t < postings.size(); ++t) {
    for (const Span& span : postings[t]) {
      add(scores.data(), lengths, owners, worth, rare[t], span.slots, span.counts, span.size, 0);
    }
  }
}

// Offers the passages of a block that hold any token; a document's score counts `weight` beside.
inline void offer(Best& best, const float* scores, const bool* visible, const int32_t* owners,
                  const float* documents, float weight, int64_t base, int64_t end) {
  for (int64_t slot = base; slot < end; slot += 8) {
    const __mmask8 lanes = _bzhi_u32(0xff, std::min<int64_t>(8, end - slot));
    const __m256 own = _mm256_maskz_loadu_ps(lanes, scores + slot - base);
    __mmask8 held = _mm256_cmp_ps_mask(own, _mm256_setzero_ps(), _CMP_GT_OQ);
    if (visible != nullptr && held != 0) {
      const __m128i seen = _mm_maskz_loadu_epi8(lanes, visible + slot);
      held &= _mm_test_epi8_mask(seen, seen);
    }
    if (held == 0) continue;
    const __m256i owner = _mm256_maskz_loadu_epi32(held, owners + slot);
    const __m256 zero = _mm256_setzero_ps();
    const __m256 whole = _mm256_mmask_i32gather_ps(zero, held, owner, documents, 4);
    best.offer(_mm256_fmadd_ps(_mm256_set1_ps(weight), whole, own), held, slot);
  }
}

// segments, wholes and names: tables of `Segment`; wanted: tokens; visible: by slot, or none when
// all are. lengths and owners are by slot, document_tokens and name_tokens by owner. Returns the
// slots of the `limit` best and of what ties with the last, in any order, their scores, and how
// rare each token is.
inline std::tuple<Tensor, Tensor, Tensor> best_passages(
    Tensor segments, Tensor wholes, Tensor names, Tensor wanted, std::optional<Tensor> visible,
    Tensor lengths, Tensor owners, Tensor document_tokens, Tensor name_tokens, int64_t chunks,
    int64_t tokens, int64_t documents, double weight, int64_t limit) {
  constexpr float kPassages = 1.2f, kDocuments = 3.0f;  // BM25's k1
  const bool* seen = visible ? numbers<bool>(*visible) : nullptr;
  const auto owned = numbers<int32_t>(owners);
  Postings passages = find(segments, wanted);
  const auto rare = rarities(passages, seen, chunks);
  const auto mean = [tokens](int64_t among) {
    return std::max(static_cast<double>(tokens) / std::max<int64_t>(among, 1), 1.0);
  };
  const Worth worth{kPassages, mean(chunks)}, whole_worth{kDocuments, mean(documents)};

  std::vector<float> whole_scores(document_tokens.numel());
  if (weight != 0) {
    const Postings whole = find(wholes, wanted);
    add_documents(whole_scores, whole, numbers<float>(document_tokens), owned, whole_worth,
                  rarities(whole, seen, documents));
    add_documents(whole_scores, find(names, wanted), numbers<float>(name_tokens), owned, worth,
                  rare);
  }

  Best best(limit);
  std::vector<float> scores(kBlock);
  for (int64_t base = 0; base < lengths.numel(); base += kBlock) {
    const int64_t end = std::min(base + kBlock, lengths.numel());
    std::fill(scores.begin(), scores.end(), 0.0f);
    for (size_t t = 0; t < passages.size(); ++t) {
      add_until(end, passages[t], scores.data(), numbers<float>(lengths), worth, rare[t], base);
    }
    offer(best, scores.data(), seen, owned, whole_scores.data(), static_cast<float>(weight), base,
          end);
  }

  const auto kept = best.kept();
  const auto empty = [&](int64_t size, torch::headeronly::ScalarType type) {
    return torch::stable::new_empty(lengths, {size}, type);
  };
  Tensor slots = empty(kept.size(), torch::headeronly::ScalarType::Long);
  Tensor values = empty(kept.size(), torch::headeronly::ScalarType::Float);
  for (size_t i = 0; i < kept.size(); ++i) {
    static_cast<int64_t*>(slots.mutable_data_ptr())[i] = kept[i].position;
    static_cast<float*>(values.mutable_data_ptr())[i] = kept[i].score;
  }
  Tensor rareness = empty(rare.size(), torch::headeronly::ScalarType::Double);
  std::copy(rare.begin(), rare.end(), static_cast<double*>(rareness.mutable_data_ptr()));
  return {slots, values, rareness};
}

}  // namespace sourcebook_retrieval
