#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/io/output_fields.hpp"
#include "core/simulation/space_fields.hpp"
#include "core/simulation/validity.hpp"

namespace dermaflux {

/// Fields and trace of one run, as recorded on the grid.
struct RunFields {
  int n_r = 0, n_z = 0, moments = 0;
  std::vector<double> r_face, z_face;  ///< [m]
  std::vector<double> epidermal;       ///< share of epidermis per row [-]
  std::vector<double> pools;           ///< moment x pool x ring x row [kg/m^3]
  std::vector<double> insertion;       ///< suspended, captured, carrier, fluid, pressure x ring x row
  std::vector<double> trace;           ///< rows x TraceStep::columns
  int trace_lost = 0;                  ///< time steps of the insertion that found no room in it
  std::vector<double> view_r;          ///< places at which the dot is looked at, from its axis [m]
  SpaceFields space;                   ///< of a run in a box, of which the fields above are means over rings; empty otherwise
};

/// One column of the insertion's trace or of the time series: name with unit, unit, meaning, and the scale from SI.
struct SeriesColumn {
  std::string name, unit, meaning;
  double scale;
};
const std::vector<SeriesColumn>& trace_columns();

/// Bands in which a dot is looked at [nm]; whole numbers.
std::vector<double> wavelengths_nm();

/// Series over the moments or the sessions of a run, in the order in which the run file writes them.
struct MomentSeries {
  SeriesColumn column;
  std::vector<double> values;
};
std::vector<MomentSeries> moment_series(const Outcome& outcome);

/// What each session did, over the sessions of a run, in the order in which the run file writes it.
std::vector<MomentSeries> session_series(const Outcome& outcome);

/// Terms of the mass ledger at the end of the run [ng], drawn first; all others sum to it.
std::vector<std::pair<std::string, double>> ledger(const Outcome& outcome);

/// The warnings of a run: the model's limits that it passes, and what could not be kept of it.
std::vector<ValidityWarning> run_warnings(const MemberResult& member, const RunFields& fields);

/// The same in one text, "name: text" on a line each; "none" if there are none.
std::string warning_text(const MemberResult& member, const RunFields& fields);

/// Pools of pigment as files name them.
const std::vector<SeriesColumn>& pool_columns();

/// Writes one run as HDF5: opens in xarray (coordinates at the root) and in ParaView (VTKHDF rectilinear grid, time steps; of a run
/// in a box with a second block, the paths of the prongs).
/// The layout is documented in README.md. `input` is the resolved input as JSON; `provenance` goes into the file as it is.
void write_run(const std::filesystem::path& path, const MemberResult& member, const RunFields& fields, const std::string& title,
               const std::string& input, const std::map<std::string, std::string>& provenance);

}  // namespace dermaflux
