#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/simulation/case_builder.hpp"
#include "core/simulation/space_fields.hpp"
#include "core/simulation/workspace.hpp"
#include "core/solver/space_healing.hpp"
#include "core/solver/space_setup.hpp"

namespace dermaflux {

/// Where a run in a box stands, between two strokes, dots, steps of healing or moments.
struct SpaceProgress {
  int dot;               ///< that is next, or being laid; all of them when the last track has closed
  int stroke;            ///< of its strokes, those that are done
  int moment;            ///< moments that have been booked
  bool heals;            ///< what the tracks left has been laid down
  SpacePart part;        ///< that pressure has reached, between two strokes
  InsertionTally tally;  ///< of the dot that is being laid
  HealingTally clock;
};

/// Whether the state of a run is written where it stands, between two strokes, dots or moments: after so many strokes, counted over
/// all dots, and after each moment. A dot's end is no place of its own: with a hundred dots that would be gigabytes after each.
inline bool is_kept(const SpaceProgress& at, int every, int& strokes) {
  return at.heals || (at.stroke > 0 && ++strokes % every == 0);
}

/// One treatment in a box, ready to run where its views point, which is the host unless a backend has bound it elsewhere.
struct SpaceCase {
  Treatment treatment;
  Puncture puncture;
  RunOptions options;
  std::vector<SpaceDot> dots;
  CartesianFaces faces;
  SpaceInsertion insertion{};
  SpaceHealing healing{};
  std::vector<double> times;  ///< moments [s]
  std::vector<double> constants;
  std::vector<double> epidermal;  ///< share of epidermis per row, mean over the box [-]
  Workspace memory;
  double* state = nullptr;
  long state_length = 0;     ///< [double]
  FieldView<double> strips;  ///< the memory of the tracks
  std::vector<double> trace;
  FieldView<double> trace_rows, trace_count;
  SpaceFields fields;
  SpaceProgress at{};
  std::function<void(const Outcome&)> between;  ///< told between two strokes, dots and moments, where that is due; may be empty
  std::function<bool()> due;                    ///< asked each time; empty: always
  bool stopped = false;                         ///< the run was left in healing, to go on from there

  /// All that the rest of a run depends on besides its input, `at` and its outcome, as blocks of memory. Those of a run that stands
  /// elsewhere are others.
  std::vector<std::span<double>> kept_numbers();
  std::vector<std::span<float>> kept_fields();
};

/// Lays a case out on constants, state and trace and returns the length of constants and state [double]; null only counts. Its
/// numbers stay as they are.
std::pair<long, long> bind_space_case(double* constants, double* state, double* trace, SpaceCase& c);

/// Bytes that a run in a box takes per cell, all told.
double bytes_per_cell(const Treatment& treatment, std::size_t moments);

/// What a run in a box takes of the memory, known before any of it is taken.
struct SpaceNeed {
  CartesianFaces faces;
  double bytes;       ///< of the run, all told
  double free_bytes;  ///< free now
};
/// Throws InputError as build_space_case does for a treatment that is not valid, or a box beyond the free memory.
SpaceNeed space_need(const Treatment& treatment, const RunOptions& options);

/// Prepares a treatment with geometry.kind = "box". Throws InputError where it cannot be run: more than one session or dwell time,
/// a track that leaves the box, a box beyond the free memory (found before any of it is taken).
std::unique_ptr<SpaceCase> build_space_case(const Treatment& treatment, const RunOptions& options);

/// Means over rings about the middle of the box, as the axisymmetric model keeps its fields: `pools`, `insertion` and faces.
struct RingMeans {
  std::vector<double> r_face;
  std::vector<double> pools, insertion;
};
RingMeans ring_means(const SpaceCase& c);

/// Looks at the dot's ring means at every moment, as a run does, and puts what is seen into the outcome.
void look_at_box(const SpaceCase& c, const RingMeans& means, Outcome& outcome);

}  // namespace dermaflux
