#pragma once

namespace dermaflux {

/// What a layer is: epidermis sheds, the thickest dermis carries the nose of the machine, everything below is deep.
enum class LayerKind : int { epidermis = 0, dermis = 1, deep = 2 };

/// The numbers of one homogeneous layer. Its name stays in the input file, so that this stays trivially copyable.
struct SkinLayer {
  LayerKind kind;
  double thickness;       ///< [m]
  double youngs_modulus;  ///< small strain, drained [Pa]
  double poisson_ratio;   ///< drained [-]
  double permeability;    ///< normal to the surface, undamaged, unstrained [m^2]
  double anisotropy;      ///< in-plane over normal permeability [-]
  double porosity;        ///< fluid volume fraction at rest [-]
  double filtration;      ///< capture per metre of flow path for 200 nm particles [1/m]
  double scattering;      ///< reduced scattering at 500 nm over that of dermis [-]
  double blood_share;     ///< blood volume fraction over that of dermis [-]

  double shear_modulus() const { return youngs_modulus / (2.0 * (1.0 + poisson_ratio)); }  ///< [Pa]
  /// Drained P-wave (aggregate) modulus E (1 - nu) / ((1 + nu)(1 - 2 nu)) [Pa].
  double aggregate_modulus() const {
    return youngs_modulus * (1.0 - poisson_ratio) / ((1.0 + poisson_ratio) * (1.0 - 2.0 * poisson_ratio));
  }
};

}  // namespace dermaflux
