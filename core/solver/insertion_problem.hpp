#pragma once
#include "core/grid/axisymmetric_grid.hpp"
#include "core/physics/darcy_flow.hpp"
#include "core/physics/pigment_transport.hpp"
#include "core/physics/puncture_laws.hpp"
#include "core/physics/track_laws.hpp"
#include "core/physics/viscosity.hpp"
#include "core/solver/comb_solver.hpp"
#include "core/treatment/ink.hpp"
#include "core/treatment/needle.hpp"

namespace dermaflux {

/// What transport needs to know of one size class of pigment.
struct PigmentClass {
  double share;        ///< of the pigment's mass in the ink [-]
  double diameter;     ///< against the pores [m]
  double filtration;   ///< filter coefficient over that of 200 nm particles [-]
  double diffusivity;  ///< in pore fluid [m^2/s]
};

/// Numbers and laws of the insertion of one prong, derived from a Treatment once, on the host.
struct InsertionParams {
  Needle needle;           ///< one prong, projected on the surface normal
  double tip_depth;        ///< [m]
  double stroke;           ///< projected on the normal [m]
  double frequency;        ///< of the loaded motor [1/s]
  int strokes;             ///< complete ones
  double contact_time;     ///< until the drop is wiped [s]
  double open_fraction;    ///< area left open by recoil over the widest needle area [-]
  double recoil_time;      ///< [s]
  double wall_stiffening;  ///< of a sudden opening over the quasi-static wall [-]
  InsertionForce force;
  LiquidShare liquid_share;
  FilmThickness film;
  CapillaryPressure capillary;
  PoreFluidViscosity viscosity;
  double pigment_density;    ///< [kg/m^3]
  double ink_concentration;  ///< pigment per ink volume [kg/m^3]
  NeatInk neat;              ///< of `viscosity.ink` at that
  double drop_volume;        ///< per prong [m^3]
  TissuePermeability permeability;
  Clogging clogging;
  DamageGain damage;
  double damage_radius_factor;  ///< over local needle radius [-]
  double rest_pressure;         ///< interstitial [Pa]
  double lymph_conductance;     ///< [1/(Pa s)]
  double max_captured;          ///< captured pigment per tissue volume that plugs it [kg/m^3]
  int classes;                  ///< size classes of pigment in use
  PigmentClass pigment[max_size_classes];
  double carrier_diffusivity;  ///< in pore fluid [m^2/s]
  PoreSpreading spreading;
  TissueFracture fracture;
  double relaxed_share;       ///< relaxation ends when the pressure fell to this share of its peak [-]
  double relaxation_limit;    ///< or after this time [s]
  double pressure_tolerance;  ///< of the linear solver, at least [Pa]
  double pressure_share;      ///< of the peak pressure so far that the solver may be off, if that is more [-]
  double edge_pressure;       ///< departure from rest at the edge of the active part that makes it grow, at least [Pa]
  double edge_share;          ///< of the peak pressure so far that it may be, if that is more [-]
  int steps_inside;           ///< time steps per stroke while the tip is in the skin
  double largest_travel_in;   ///< of the tip in one time step on its way down: it pushes ink ahead row by row [m]
  double largest_travel_out;  ///< on its way up [m]
  double smallest_step;       ///< a member that asks for a smaller time step has failed [s]
  double done_before;         ///< share of the treatment's contacts that lies before this one, for who watches [-]
  double done_in_it;          ///< share that it is [-]

  DF_FUNCTION double fastest_diffusivity() const {  ///< [m^2/s]
    double fastest = carrier_diffusivity;
    for (int n = 0; n < classes; ++n) fastest = larger(fastest, pigment[n].diffusivity);
    return fastest;
  }
};

/// Tissue constants per row, means over the layers that a row cuts.
struct TissueRows {
  FieldView<const double> permeability;   ///< normal to the surface, undamaged [m^2]
  FieldView<const double> anisotropy;     ///< in-plane over normal [-]
  FieldView<const double> porosity;       ///< [-]
  FieldView<const double> storage;        ///< 1 / aggregate modulus [1/Pa]
  FieldView<const double> shear_modulus;  ///< [Pa]
  FieldView<const double> filtration;     ///< of 200 nm particles, without straining [1/m]
};

/// What the tissue holds, per cell.
struct TissueState {
  FieldView<double> fluid;     ///< pore fluid per tissue volume, n + S (p - p_i) [-]
  FieldView<double> carrier;   ///< ink carrier per tissue volume [-]
  FieldGroup pigment;          ///< suspended pigment per tissue volume, by size class [kg/m^3]
  FieldGroup captured;         ///< pigment held by the matrix per tissue volume, by size class [kg/m^3]
  FieldView<double> pressure;  ///< [Pa]
  FieldView<double> speed;     ///< Darcy speed of the last step, per material area [m/s]
  FieldView<double> path;      ///< Darcy speed integrated over the time since ink was last spread [m]
  FieldView<double> crack;     ///< extra in-plane permeability over intact tissue, 0 where it is whole [-]
  FieldView<double> torn;      ///< extra permeability that sessions before left, over intact tissue [-]
  FieldView<double> held;      ///< pigment of sessions before, per tissue volume [kg/m^3]
};

/// What the track holds, per row.
struct TrackState {
  FieldView<double> liquid;       ///< liquid area A_g [m^2]
  FieldView<double> hole;         ///< whole open area, needle included [m^2]
  FieldView<double> wall_stress;  ///< of the relaxing branch of the wall [Pa]
  FieldView<double> widest;       ///< largest needle area that passed [m^2]
  FieldView<double> opened;       ///< area that sessions before left open [m^2]
  FieldGroup pigment;             ///< by size class [kg per row]
  FieldView<double> carrier;      ///< [m^3 per row]
  FieldView<double> pressure;     ///< of the liquid [Pa]
  FieldView<double> flow;         ///< axial flow through the upper face of the row, downward [m^3/s]
};

/// Scratch of one time step. Cell arrays are padded by n_z on both sides.
struct InsertionScratch {
  FieldView<double> permeability;             ///< normal to the surface [m^2]
  FieldView<double> mobility;                 ///< k / mu normal to the surface [m^2/(Pa s)]
  FieldView<double> damage;                   ///< gain of permeability [-]
  FieldView<double> radial_flux, axial_flux;  ///< [m^3/s]
  FieldGroup capture;                         ///< rate at which a clean matrix catches pigment, by size class [1/s]
  FieldView<double> w;                        ///< carrier fraction of the pore fluid [-]
  FieldGroup c;                               ///< pigment concentration of the pore fluid, by size class [kg/m^3]
  FieldView<double> fluid_inverse;            ///< tissue volume over the volume of its pore fluid [-]
  FieldView<double> w_between;                ///< w, c and fluid_inverse between the two sweeps of a transport substep
  FieldGroup c_between;
  FieldView<double> inverse_between;
  FieldView<double> radial_spreading, axial_spreading, factor;  ///< conductances and factors of line solves
  // per row
  FieldView<double> needle_area, perimeter, film_in, film_out;
  FieldView<double> passing_area, passing_face;     ///< needle area half-way through the step: in the row, at its upper face [m^2]
  FieldView<double> wall_stiffness, wall_unloaded;  ///< of the row's WallSpring [Pa], [m^2]
  FieldView<double> entry_pressure, viscosity;      ///< of a free front in the row; of its liquid
  FieldView<double> wall_reference;                 ///< pressure of the first ring if the wall were closed [Pa]
  FieldView<double> wall_flux, wall_carrier, returned_carrier;
  FieldGroup wall_pigment, returned_pigment;
  FieldView<double> downward, face_gain;  ///< donor of the upper face; change of its conductance with the donor's liquid area
  FieldView<double> full;                 ///< liquid area at which a void closes [m^2]
  FieldView<double> jacobian_lower, jacobian_diagonal, jacobian_upper, unknown, mixture;
};

/// Volumes and masses that crossed the rim so far, per prong.
struct RimAccount {
  FieldView<double> values;
  enum : int {
    drop_volume = 0,
    drop_carrier,
    drop_pigment,  ///< the first of the size classes
    drop_last = drop_pigment + max_size_classes - 1,
    drawn_volume,
    drawn_pigment,
    back_volume,
    back_pigment,
    exuded_volume,
    exuded_pigment,
    peak_pressure,
    count
  };
};

/// Everything a step needs, by value.
struct InsertionProblem {
  InsertionParams params;
  AxisymmetricGrid grid;
  TissueRows rows;
  TissueState tissue;
  TrackState track;
  InsertionScratch scratch;
  CombSystem system;          ///< pressure of tissue and track
  FieldView<double> account;  ///< RimAccount values

  /// The same, of the innermost rings and uppermost rows only; its outer edges are closed.
  DF_FUNCTION InsertionProblem within(int ring_count, int row_count) const {
    InsertionProblem part = *this;
    part.grid.n_r = ring_count;
    part.grid.n_z = row_count;
    part.system.grid = part.grid;
    part.system.partial.size = part.system.partial_defect.size = row_count;
    return part;
  }
};

/// The drop on the skin has ink to give; what rounding leaves of it has not.
DF_FUNCTION inline bool drop_supplies(const InsertionProblem& p) {
  return p.account(RimAccount::drop_volume) > 1e-6 * p.params.drop_volume;
}

/// Storage law of one row.
DF_FUNCTION inline PoreStorage pore_storage(const InsertionProblem& p, int row) {
  return {p.rows.storage(row), p.rows.porosity(row), p.params.permeability.strain_limit, p.params.rest_pressure};
}

}  // namespace dermaflux
