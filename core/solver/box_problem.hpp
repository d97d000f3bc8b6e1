#pragma once
#include <cstdint>

#include "core/grid/cartesian_grid.hpp"
#include "core/solver/box_levels.hpp"
#include "core/solver/insertion_problem.hpp"

namespace dermaflux {

// Tissue in three dimensions. Laws, parameters and what a cell holds (TissueState) are those of the axisymmetric problem; here are
// the grid, the tissue's constants by material instead of by row, and the scratch of the steps on columns.

/// Scratch of one time step, per cell unless stated. Padded by a plane of the grid on both sides.
struct BoxScratch {
  FieldView<double> permeability;            ///< normal to the surface [m^2]
  FieldView<double> mobility;                ///< k / mu normal to the surface [m^2/(Pa s)]
  FieldView<double> flux_x, flux_y, flux_z;  ///< through the face to the next cell along each axis [m^3/s]
  FieldView<double> source;        ///< liquid that enters, or with minus leaves, through tracks or springs (BoxSources) [m^3/s]
  FieldGroup capture;              ///< rate at which a clean matrix catches pigment, by size class [1/s]
  FieldView<double> w, w_between;  ///< carrier fraction of the pore fluid, and between sweeps [-]
  FieldGroup c, c_between;         ///< pigment concentration of the pore fluid, by size class [kg/m^3]
  FieldView<double> fluid_inverse, inverse_between;  ///< tissue volume over the volume of its pore fluid [-]
};

/// Where ink is or may come in the next step: the columns that transport visits, each down to a row of its own.
struct ActiveColumns {
  FieldView<int> rows;     ///< per column of the grid, rows from the surface that take part; 0: none
  FieldView<int> list;     ///< numbers of the columns that have any, in order
  FieldView<int> scratch;  ///< per column
  int count = 0;           ///< columns in the list
};

/// Places where liquid enters the tissue or leaves it: cells with links to nodes, or springs. Rates hold for a step; what leaves
/// takes along what the cell's fluid carries.
struct BoxSources {
  int count = 0;
  FieldView<int> cell;                 ///< different cells
  FieldView<double> volume;            ///< positive into the tissue [m^3/s]
  FieldView<double> carrier;           ///< that comes with it, 0 where volume is negative [m^3/s]
  FieldGroup pigment;                  ///< by size class [kg/s]
  FieldView<double> returned_carrier;  ///< that has left, summed up by the steps [m^3]
  FieldGroup returned_pigment;         ///< [kg]
};

/// Takes the views of sources from an arena.
BoxSources take_sources(ViewArena& arena, int count, int classes);

/// Everything a step on the box needs, by value. `rows` are constants by material (`TissueRows::permeability(m)` is that of
/// material m), and `material` tells that of each cell: layered skin has one per row and class of tissue, a follicle its own.
struct BoxProblem {
  InsertionParams params;
  CartesianGrid grid;
  TissueRows rows;
  FieldView<const std::uint16_t> material;
  TissueState tissue;
  FieldView<double> damage;  ///< gain of permeability around tracks [-], 1 where nothing passed
  BoxScratch scratch;
  BoxSystem system;
  FieldView<double> account;  ///< RimAccount values
};

/// Storage law of one material.
DF_FUNCTION inline PoreStorage pore_storage(const BoxProblem& p, int material) {
  return {p.rows.storage(material), p.rows.porosity(material), p.params.permeability.strain_limit, p.params.rest_pressure};
}

/// Takes the views of active columns from an arena.
ActiveColumns take_active(ViewArena& arena, const CartesianGrid& grid);

/// Takes the views of state, scratch and system (without nodes) from an arena; grid, params, rows and material must be set.
void lay_out_box(ViewArena& arena, BoxProblem& p);

}  // namespace dermaflux
