#pragma once
#include <cmath>

#include "core/solver/transport_steps.hpp"

namespace dermaflux {

/// What one volume of tissue is to one volume of its pore fluid, of which the sweeps keep account.
struct FluidInverseStep {
  InsertionProblem p;
  DF_FUNCTION void operator()(int i, int j) const {
    const int k = p.grid.cell(i, j);
    p.scratch.fluid_inverse(k) = 1.0 / p.tissue.fluid(k);
  }
};

enum class Along : int { rings, rows };

/// Of what a cell holds, the largest share that may leave it in a substep [-]. At one a cell may be empty between two sweeps.
inline constexpr double largest_courant = 0.9;

/// Half of a transport substep: fluid, carrier and pigment move along the rings or along the rows for the whole time of the
/// substep. A sweep along one and then along the other, in turns (Strang 1968, SIAM J. Numer. Anal. 5), is of second order. Within
/// a sweep the carried value is that of a limited Lax-Wendroff scheme, exact where the Courant number is one, and one flux per face
/// is all it takes. Fluid goes through the same sweeps, so uniform concentrations stay uniform while tissue swells and whatever the
/// flow (Easter 1993, Mon. Weather Rev. 121). Lymph drains between the sweeps, which keeps the turns symmetric. Positive and
/// without new extrema while the Courant number, in sum over the faces through which fluid leaves, is at most one
/// (FaceConcentration). The rim of the box is closed. Both cells of a face find the same flux from the same numbers.
template <Along along>
struct TransportSweepStep {
  InsertionProblem p;
  TransportBox box;
  double dt;     ///< [s]
  bool returns;  ///< the second sweep of a substep, which goes from the fields between back to those of the tissue

  static constexpr int groups_abreast = along == Along::rings ? 2 : 1;
  /// One concentration through one face, `flux` positive from `b` to `c` in the order a, b, c, d; `taken` is the volume that passes
  /// over that of the donor's fluid.
  DF_IN_LANES DF_FUNCTION static double carried(double flux, double taken, double a, double b, double c, double d) {
    const bool forward = flux >= 0.0;
    return flux * FaceConcentration{}(forward ? a : d, forward ? b : c, forward ? c : b, taken);
  }

  DF_FUNCTION FieldView<double> from(FieldView<double> tissue, FieldView<double> between) const {
    return returns ? between : tissue;
  }
  DF_FUNCTION FieldView<double> to(FieldView<double> tissue, FieldView<double> between) const { return returns ? tissue : between; }

  /// What the wall of the track brings into the first ring; what it takes is kept for the track.
  template <int W>
  DF_FUNCTION void through_wall(int j, FieldView<const double> concentration, FieldView<double> wall, FieldView<double> returned,
                                double (&in)[W]) const {
    for (int l = 0; l < W; ++l) {
      const int row = j + l;
      const double flux = p.scratch.wall_flux(row), back = larger(-flux, 0.0) * concentration(p.grid.cell(0, row));
      in[l] = flux >= 0.0 ? wall(row) : -back;
      returned(row) += dt * back;
    }
  }

  /// What the rows of a group have in common for everything that is carried, in one ring.
  template <int W>
  struct Ring {
    double share[W];                   ///< dt over the volume of the cells [s/m^3]
    double taken[W], taken_before[W];  ///< share of the donor's fluid that passes: through outer or lower faces, and upper ones [-]
    double inverse[W];                 ///< of the fluid content after the sweep [-]
    double kept[W];                    ///< share of the fluid, and of the carrier in it, that lymph leaves [-]
  };

  /// Balance of one carried quantity in ring i; `in` is what comes through the inner faces and becomes what leaves outward.
  template <bool drains, int W>
  DF_FUNCTION void along_rings(int i, int j, const Ring<W>& ring, FieldView<const double> old, FieldView<double> now,
                               FieldView<double> amount, double (&in)[W]) const {
    const int column = p.grid.column, first = p.grid.cell(i, j);
    const int inward = i > 0 ? column : 0, outward = i + 2 < box.rings ? 2 * column : column;
    const double open = i + 1 < box.rings ? 1.0 : 0.0;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double here = old(k), flux = open * p.scratch.radial_flux(k);
      const double east = carried(flux, ring.taken[l], old(k - inward), here, old(k + column), old(k + outward));
      const double after = (amount(k) + ring.share[l] * (in[l] - east)) * (drains ? ring.kept[l] : 1.0);
      amount(k) = after;
      now(k) = after * ring.inverse[l];
      in[l] = east;
    }
  }

  /// The same along the rows of one ring. Both faces of a row are found anew, which is faster than handing fluxes from lane to
  /// lane.
  template <bool drains, int W>
  DF_FUNCTION void along_rows(int i, int j, const Ring<W>& ring, FieldView<const double> old, FieldView<double> now,
                              FieldView<double> amount) const {
    const int first = p.grid.cell(i, j), last = box.rows - 1;
    double net[W];
    if (j > 1 && j + W < last) {
      DF_LANES
      for (int l = 0; l < W; ++l) {
        const int k = first + l;
        const double b = old(k - 1), c = old(k), d = old(k + 1);
        net[l] = carried(p.scratch.axial_flux(k - 1), ring.taken_before[l], old(k - 2), b, c, d) -
                 carried(p.scratch.axial_flux(k), ring.taken[l], b, c, d, old(k + 2));
      }
    } else {  // the rim of the box is closed and repeats itself
      for (int l = 0; l < W; ++l) {
        const int k = first + l, row = j + l;
        const double c = old(k), b = row > 0 ? old(k - 1) : c, d = row < last ? old(k + 1) : c;
        const double a = row > 1 ? old(k - 2) : b, e = row + 1 < last ? old(k + 2) : d;
        net[l] = carried(row > 0 ? p.scratch.axial_flux(k - 1) : 0.0, ring.taken_before[l], a, b, c, d) -
                 carried(row < last ? p.scratch.axial_flux(k) : 0.0, ring.taken[l], b, c, d, e);
      }
    }
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double after = (amount(k) + ring.share[l] * net[l]) * (drains ? ring.kept[l] : 1.0);
      amount(k) = after;
      now(k) = after * ring.inverse[l];
    }
  }

  /// Lymph after the first sweep, and what one volume of tissue is to one of the fluid that is left.
  template <int W>
  DF_FUNCTION void drain(int first, FieldView<double> now, Ring<W>& ring) const {
    const double conductance = dt * p.params.lymph_conductance;
    if (returns) {
      DF_LANES
      for (int l = 0; l < W; ++l) {
        ring.kept[l] = 1.0;
        ring.inverse[l] = now(first + l) = 1.0 / p.tissue.fluid(first + l);
      }
      return;
    }
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double fluid = p.tissue.fluid(k), left = fluid - conductance * (p.tissue.pressure(k) - p.params.rest_pressure);
      p.tissue.fluid(k) = left;
      ring.kept[l] = smaller(left / fluid, 1.0);
      ring.inverse[l] = now(k) = 1.0 / left;
    }
  }

  /// Fluid of one ring, and what all that it carries has in common; `in` as above.
  template <int W>
  DF_FUNCTION void fluid_along_rings(int i, int first, const double (&per_length)[W], double (&in)[W], Ring<W>& ring) const {
    const FieldView<double> old = from(p.scratch.fluid_inverse, p.scratch.inverse_between);
    const FieldView<double> now = to(p.scratch.fluid_inverse, p.scratch.inverse_between);
    const bool inside = i + 1 < box.rings;
    const int outward = inside ? p.grid.column : 0;
    const double here = dt / p.grid.ring_area(i), there = inside ? dt / p.grid.ring_area(i + 1) : here;
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double flux = p.scratch.radial_flux(k), out = here * old(k), back = there * old(k + outward);
      ring.taken[l] = std::fabs(flux) * (flux >= 0.0 ? out : back) * per_length[l];
      ring.share[l] = here * per_length[l];
      p.tissue.fluid(k) += ring.share[l] * (in[l] - flux);
      in[l] = flux;
    }
    drain(first, now, ring);
  }

  template <int W>
  DF_FUNCTION void fluid_along_rows(int i, int first, const double (&above_length)[W], const double (&per_length)[W],
                                    const double (&below_length)[W], Ring<W>& ring) const {
    const FieldView<double> old = from(p.scratch.fluid_inverse, p.scratch.inverse_between);
    const FieldView<double> now = to(p.scratch.fluid_inverse, p.scratch.inverse_between);
    const double per_area = dt / p.grid.ring_area(i);
    DF_LANES
    for (int l = 0; l < W; ++l) {
      const int k = first + l;
      const double in = p.scratch.axial_flux(k - 1), out = p.scratch.axial_flux(k);
      const double above = old(k - 1) * above_length[l], here = old(k) * per_length[l], below = old(k + 1) * below_length[l];
      ring.taken_before[l] = std::fabs(in) * per_area * (in >= 0.0 ? above : here);
      ring.taken[l] = std::fabs(out) * per_area * (out >= 0.0 ? here : below);
      ring.share[l] = per_area * per_length[l];
      p.tissue.fluid(k) += ring.share[l] * (in - out);
    }
    drain(first, now, ring);
  }

  template <int W>
  DF_FUNCTION void rows(int j) const {
    const InsertionScratch& s = p.scratch;
    const int classes = p.params.classes;
    const FieldView<double> old_w = from(s.w, s.w_between), now_w = to(s.w, s.w_between);
    Ring<W> ring;
    if constexpr (along == Along::rings) {
      double per_length[W], fluid_in[W], carrier_in[W], pigment_in[max_size_classes][W];
      for (int l = 0; l < W; ++l) {
        per_length[l] = 1.0 / p.grid.dz(j + l);
        fluid_in[l] = s.wall_flux(j + l);
      }
      through_wall(j, old_w, s.wall_carrier, s.returned_carrier, carrier_in);
      for (int n = 0; n < classes; ++n)
        through_wall(j, from(s.c[n], s.c_between[n]), s.wall_pigment[n], s.returned_pigment[n], pigment_in[n]);
      for (int i = 0; i < box.rings; ++i) {
        fluid_along_rings(i, p.grid.cell(i, j), per_length, fluid_in, ring);
        along_rings<true>(i, j, ring, old_w, now_w, p.tissue.carrier, carrier_in);
        for (int n = 0; n < classes; ++n)
          along_rings<false>(i, j, ring, from(s.c[n], s.c_between[n]), to(s.c[n], s.c_between[n]), p.tissue.pigment[n],
                             pigment_in[n]);
      }
    } else {
      double above_length[W], per_length[W], below_length[W];
      for (int l = 0; l < W; ++l) {
        const int row = j + l;
        per_length[l] = 1.0 / p.grid.dz(row);
        above_length[l] = row > 0 ? 1.0 / p.grid.dz(row - 1) : per_length[l];
        below_length[l] = row + 1 < p.grid.n_z ? 1.0 / p.grid.dz(row + 1) : per_length[l];
      }
      for (int i = 0; i < box.rings; ++i) {
        fluid_along_rows<W>(i, p.grid.cell(i, j), above_length, per_length, below_length, ring);
        along_rows<true>(i, j, ring, old_w, now_w, p.tissue.carrier);
        for (int n = 0; n < classes; ++n)
          along_rows<false>(i, j, ring, from(s.c[n], s.c_between[n]), to(s.c[n], s.c_between[n]), p.tissue.pigment[n]);
      }
    }
  }
};

}  // namespace dermaflux
