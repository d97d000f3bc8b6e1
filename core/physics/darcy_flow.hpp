#pragma once
#include <cmath>

#include "core/lane_math.hpp"

namespace dermaflux {

/// Share of permeability left by captured pigment [-]: (1 - sigma/sigma_max)^3 (Kozeny, cubic in the pore space left), down
/// to the share that a cake of pigment still lets through.
struct Clogging {
  double plugged_share;  ///< permeability of plugged over clean tissue [-]
  DF_IN_LANES DF_FUNCTION double operator()(double clogged) const {
    const double open = larger(1.0 - clogged, 0.0);
    return larger(open * open * open, plugged_share);
  }
};

/// Permeability of tissue normal to the surface, without clogging [m^2]: k0 exp(m e) D(r), e = S (p - p_i) the volumetric
/// strain of the pores, D the gain in the zone torn by the needle. Source of exp(m e): Weir Weiss 2023, Phys. Fluids.
struct TissuePermeability {
  double strain_exponent;  ///< m [-]
  double strain_limit;     ///< largest strain for which the exponential is used; data reach about 0.3 [-]
  DF_IN_LANES DF_FUNCTION double strain_gain(double strain) const {  ///< exp(m e) [-]
    return lane_exp(strain_exponent * smaller(larger(strain, -strain_limit), strain_limit));
  }
  DF_IN_LANES DF_FUNCTION double operator()(double undamaged, double strain, double damage_gain) const {
    return undamaged * strain_gain(strain) * damage_gain;
  }
};

/// Fluid content of tissue against pore pressure, per tissue volume. Linear poroelasticity, zeta = n + S (p - p_i), for small
/// strains; beyond, swelling stiffens (p - p_i) = e/S (1 + e/e_s) and drainage leaves ever less, zeta = n / (1 - S (p - p_i)/n),
/// so that content stays positive under any suction. Slope S at rest from both sides. Estimate: linear data end at e_s.
struct PoreStorage {
  double storage;            ///< S, inverse aggregate modulus [1/Pa]
  double porosity;           ///< n [-]
  double stiffening_strain;  ///< e_s [-]
  double rest_pressure;      ///< p_i [Pa]
  DF_IN_LANES DF_FUNCTION double pressure(double content) const {
    const double strain = content - porosity;
    const bool swollen = strain > 0.0;
    const double rise = strain * (swollen ? stiffening_strain + strain : porosity);
    return rest_pressure + rise / (storage * (swollen ? stiffening_strain : content));
  }
  /// d(zeta)/dp [1/Pa].
  DF_IN_LANES DF_FUNCTION double capacity(double content) const {
    const double strain = content - porosity;
    const bool swollen = strain > 0.0;
    const double part = storage * (swollen ? stiffening_strain : content * content);
    return part / (swollen ? stiffening_strain + 2.0 * strain : porosity * porosity);
  }
};

/// Gain of permeability around the cut at radius r [-]: 1 + (gain - 1) exp(-(r/r_d)^2), where r_d grows with the needle
/// that passed there. Estimate: no measurement of the torn zone was found.
struct DamageGain {
  double gain;  ///< at the wall [-]
  DF_IN_LANES DF_FUNCTION double operator()(double radius, double damage_radius) const {
    if (damage_radius <= 0.0) return 1.0;
    const double x = radius / damage_radius;
    return 1.0 + (gain - 1.0) * std::exp(-x * x);
  }
};

/// Crack opened by pore pressure: from then on the in-plane permeability is `gain` times that of intact tissue. Source of the
/// criterion: hydraulic fracture against the smallest stress plus what the toughness of dermis adds; the gain is an estimate.
struct TissueFracture {
  bool enabled;
  double pressure;  ///< at which tissue cracks [Pa]
  double gain;      ///< of in-plane permeability [-]

  /// Extra in-plane permeability over intact [-]; a crack never closes again during the insertion.
  DF_IN_LANES DF_FUNCTION double operator()(double pore_pressure, double so_far) const {
    return pore_pressure > pressure ? gain - 1.0 : so_far;
  }
};

/// Shear rate of a liquid in the pores [1/s]: 4 u / sqrt(8 k n), a bundle of tubes of radius sqrt(8 k / n) with the same
/// permeability, in which the liquid moves at u / n. Source:
/// Cannella, Huh & Seright 1988, SPE 18089.
struct PoreShearRate {
  DF_IN_LANES DF_FUNCTION double operator()(double darcy_velocity, double permeability, double porosity) const {
    return 4.0 * darcy_velocity / std::sqrt(8.0 * permeability * porosity);
  }
};

/// Conductance per length and viscosity of a tissue shell when the track at its centre is opened to area A [-]: the factor
/// 1 + A / (pi r^2) on the conductance between material radii. Tissue is incompressible over a stroke, so the shell that
/// lay at r sits at sqrt(r^2 + A/pi); pulling Darcy's law back to r multiplies the radial permeability by (r'/r)^2 and
/// leaves the axial one unchanged.
struct OpeningStretch {
  DF_IN_LANES DF_FUNCTION double operator()(double open_area_over_pi, double radius) const {
    return 1.0 + open_area_over_pi / (radius * radius);
  }
};

}  // namespace dermaflux
