#pragma once
#include "core/grid/axisymmetric_grid.hpp"
#include "core/physics/epidermis.hpp"
#include "core/physics/kinetics.hpp"
#include "core/treatment/ink.hpp"
#include "core/treatment/sessions.hpp"

namespace dermaflux {

/// Tracks of the prongs, grouped by their distance from the dot's axis.
struct TrackGroups {
  int count;
  double offset[4];  ///< distance of a group from the axis [m]
  double weight[4];  ///< share of the tracks in it [-]
};

/// What one tissue does to pigment in its dermis. Where a ring of the dot crosses the border of a scar, its cells take the
/// numbers of both tissues in proportion to the share of the ring in each.
struct TissueRates {
  double density;  ///< of resident macrophages over that of the tissue at the axis [-]
  PigmentUptake uptake;
  LadenCellMigration migration;
  double free_lymph;             ///< of free 100 nm particles [1/s]
  double cell_death_loss;        ///< release on death that is not recaptured [1/s]
  double matrix_release;         ///< [1/s]
  double transfer, slow_return;  ///< [1/s]
  double slow_loss;              ///< release of the slow pool that is not recaptured [1/s]

  /// Numbers of a ring of which the share `s` lies in the other tissue; those of one of the two where it lies in that alone.
  DF_FUNCTION static TissueRates blend(const TissueRates& here, const TissueRates& other, double s) {
    const auto mean = [s](double a, double b) { return mix(a, b, s); };
    return {.density = mean(here.density, other.density),
            .uptake = {.rate = mean(here.uptake.rate, other.uptake.rate),
                       .resident_density = mean(here.uptake.resident_density, other.uptake.resident_density),
                       .capacity = mean(here.uptake.capacity, other.uptake.capacity)},
            .migration = {.rate = mean(here.migration.rate, other.migration.rate),
                          .load = mean(here.migration.load, other.migration.load),
                          .window = mean(here.migration.window, other.migration.window),
                          .capacity = mean(here.migration.capacity, other.migration.capacity)},
            .free_lymph = mean(here.free_lymph, other.free_lymph),
            .cell_death_loss = mean(here.cell_death_loss, other.cell_death_loss),
            .matrix_release = mean(here.matrix_release, other.matrix_release),
            .transfer = mean(here.transfer, other.transfer),
            .slow_return = mean(here.slow_return, other.slow_return),
            .slow_loss = mean(here.slow_loss, other.slow_loss)};
  }
};

/// Spread and descent of pigment in one tissue.
struct TissueSpread {
  double free;             ///< diffusivity of free pigment [m^2/s]
  double macrophage;       ///< of the macrophage pool by release and recapture [m^2/s]
  double slow;             ///< of the slow pool by release and recapture [m^2/s]
  double deepening_speed;  ///< of both [m/s]
  double released;         ///< diffusivity of clusters that depleted cells let go [m^2/s]
};

/// Courses in time that one tissue sets.
struct TissueCourses {
  MacrophageRecruitment recruitment;
  DecayingRate open_track;  ///< exudation of free pigment
  CrustShedding crust;      ///< of the punctured epidermis
};

/// The tissue at the dot's axis and, beyond the border of a scar, the other one; without a scar both are the same.
enum TissueSide : int { at_axis = 0, beside = 1 };

/// Numbers and laws of healing and fading, derived from a Treatment once, on the host.
struct HealingParams {
  EpidermalTransit epidermis;
  int epidermal_rows;                     ///< rows that hold any epidermis
  bool bordered;                          ///< whether any ring reaches into the other tissue
  TissueRates rates[2];                   ///< per TissueSide
  TissueSpread spread[2];                 ///< per TissueSide
  TissueCourses courses[2];               ///< per TissueSide
  double lymph_factor[max_size_classes];  ///< clearance of a size class over that of 100 nm particles [-]
  double mean_lymph_factor;               ///< of the whole ink [-]
  double dermis_bottom;                   ///< depth of the interface with fat [m]
  double torn_zone_healing;               ///< time constant in which torn tissue becomes as tight as it was [s]
  double wound_reach;                     ///< [m]
  double wound_depth;                     ///< [m]
  double prongs;                          ///< tracks laid side by side
  TrackGroups tracks;                     ///< where the tracks of the prongs lie
  double tilt;                            ///< tangent of the needle angle: sideways shift per depth [-]
  double tilt_centre;                     ///< depth about which the tilted track is centred [m]
  MacrophageDepletion depletion;
  double released_lymph_factor;     ///< clearance of the clusters that depleted cells let go over that of 100 nm [-]
  double tolerance;                 ///< local error of a step [kg/m^3]
  double first_step, largest_step;  ///< [s]
  double spread_share;              ///< of the time since the last session, a step while pigment spreads; 0 for any [-]
  double largest_spread;            ///< longest step of spread [s], 0 for any
};

/// Constants per row. All but light may differ from column to column, where the junction of a box is a surface.
struct HealingRows {
  FieldView<const double> epidermal;   ///< share of epidermis in the row [-]
  FieldView<const double> residents;   ///< resident macrophage density [1/m^3]
  FieldView<const double> open_track;  ///< 1 where exudation reaches, else 0 [-]
  FieldView<const double> photolysis;  ///< [1/s]
  int per_column = 0;                  ///< values of a column of its own; 0: all columns share theirs

  /// Place of the first row of a ring or column in the first three.
  DF_FUNCTION int of(int i) const { return i * per_column; }
};

/// Constants per ring.
struct HealingRings {
  FieldView<const double> beside;  ///< share of the ring in the tissue that the axis does not lie in [-]
};

/// Pigment per tissue volume and pool [kg/m^3].
struct PoolFields {
  FieldView<double> free, matrix, macrophage, slow, epidermal;

  /// Outside and inside cells [kg/m^3].
  DF_FUNCTION double dispersed(int k) const { return free(k) + matrix(k) + epidermal(k); }
  DF_FUNCTION double packed(int k) const { return macrophage(k) + slow(k); }
  /// Copies what other fields hold in W cells from one on; field by field, so that the processor works at several cells at once.
  template <int W>
  DF_FUNCTION void take(const PoolFields& from, int first) const {
    for (int k = first; k < first + W; ++k) free(k) = from.free(k);
    for (int k = first; k < first + W; ++k) matrix(k) = from.matrix(k);
    for (int k = first; k < first + W; ++k) macrophage(k) = from.macrophage(k);
    for (int k = first; k < first + W; ++k) slow(k) = from.slow(k);
    for (int k = first; k < first + W; ++k) epidermal(k) = from.epidermal(k);
  }
};

/// Pigment so thin that it need not be followed, though it counts: a thousandth of a particle of 100 nm per 0.1 mm cubed [kg/m^3].
inline constexpr double negligible_pigment = 1e-9;

/// Where pigment went since the treatment [kg].
struct HealingAccount {
  enum : int { shed = 0, exuded, lymph, photolysed, count };
};

/// Sums over the pigment field, by position in HealingProblem::moments.
struct Moment {
  enum : int {
    free = 0,
    matrix,
    macrophage,
    slow,
    epidermal,
    total,
    depth_mean,
    depth_p10,
    depth_p90,
    radius_mean,
    below_limit,
    below_dermis,
    radius_above_interface,
    radius_below_interface,
    count
  };
};

struct HealingScratch {
  PoolFields old;                               ///< pools before the reaction under trial
  FieldView<double> factor, solved;             ///< line solves
  FieldView<double> from_above, own, coupling;  ///< weights of the vertical lines, per row: row above, own, below
  FieldView<double> wound;                      ///< share of a cell in the wound; of several, their macrophages mid-step [-]
  FieldView<double> wound_before;               ///< of several wounds, macrophages when a step begins [-]
  FieldView<double> lymph_factor;               ///< lymph clearance of its pigment over that of 100 nm [-]
  FieldView<double> lymph, exuded, photolysed, shed, error, mass, radius;  ///< partial sums per row
  FieldView<double> reached;                                               ///< per row, rings out to the last that held pigment
  FieldView<double> within;                                                ///< per row, rings to look for pigment in
  FieldView<double> scalars;
};

/// The wounds of all sessions so far.
struct Wounds {
  int count;
  double start[max_sessions];  ///< since the first [s]
  FieldGroup shares;           ///< share of a cell in each wound [-]; empty if there is only one session

  DF_FUNCTION double last() const { return count > 1 ? start[count - 1] : 0.0; }
  /// Share of a cell in the newest wound, `only` where there is but one session [-].
  DF_FUNCTION FieldView<const double> newest(FieldView<const double> only) const {
    return shares.size > 0 ? shares[count - 1] : only;
  }
};

struct HealingProblem {
  HealingParams params;
  Wounds wounds;
  AxisymmetricGrid grid;
  HealingRows rows;
  HealingRings rings;
  PoolFields pools;
  HealingScratch scratch;
  FieldView<double> account;  ///< HealingAccount values
  FieldView<double> moments;  ///< Moment values

  /// Rings of each of W rows that a reaction looks for pigment in; returns the most.
  template <int W>
  DF_FUNCTION int followed_rings(bool bounded, int j, double (&of_each)[W]) const {
    double most = 0.0;
    for (int l = 0; l < W; ++l) {
      of_each[l] = bounded ? scratch.within(j + l) : grid.n_r;
      most = larger(most, of_each[l]);
    }
    return static_cast<int>(most);
  }
};

}  // namespace dermaflux
