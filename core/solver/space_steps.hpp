#pragma once
#include <cmath>

#include "core/solver/space_problem.hpp"
#include "core/solver/tissue_steps.hpp"

namespace dermaflux {

/// Gain of permeability in the zones torn by all needles so far.
struct SpaceDamageStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int top, int end) const {
    const InsertionProblem& p = b.tissue;
    const CartesianGrid& grid = b.grid;
    const int column = b.column(n), first = column * grid.n_z;
    const double x = grid.x_centre(b.column_x(column)), y = grid.y_centre(b.column_y(column));
    for (int j = top; j < end; ++j) {
      double gain = 1.0 + p.tissue.torn(first + j);
      for (int t = 0; t < b.tracks; ++t) {
        const SpaceTrack& track = b.track[t];
        const double widest = track.widest(j);
        if (!(widest > 0.0)) continue;
        const double square = track.seen(x, y, grid.z_centre(j)).square;
        const double radius = p.params.damage_radius_factor * std::sqrt(widest / units::pi);
        if (square < 36.0 * radius * radius) gain = larger(gain, p.params.damage(std::sqrt(square), radius));
      }
      p.scratch.damage(first + j) = gain;
    }
  }
};

/// Torn tissue stays torn when the next needle comes; in the part.
struct SpaceTearStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int j) const {
    const int k = b.column(n) * b.grid.n_z + j;
    b.tissue.tissue.torn(k) = larger(b.tissue.tissue.torn(k), b.tissue.scratch.damage(k) - 1.0);
  }
};

/// Obstacles let through less than the tissue around them.
struct ObstacleStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int top, int end) const {
    const int first = b.column(n) * b.grid.n_z;
    DF_LANES
    for (int j = top; j < end; ++j) {
      const int k = first + j;
      b.tissue.scratch.permeability(k) *= b.scratch.resistance(k);
      b.tissue.scratch.mobility(k) *= b.scratch.resistance(k);
    }
  }
};

/// How open tracks change the conductance of a face with a given normal: an incompressible tissue is pushed away from each track
/// (OpeningStretch), so that flow away from it finds more room; along it nothing changes. Flow around it is taken to be as easy as
/// flow away from it: what a track gives then flows away alike in all directions, as on rings, which the diagonal of the tensor
/// alone does not give (README). What lies off the diagonal where a track leans is left out. No face is nearer to a track than
/// those of a cell in whose middle it lies.
struct FaceStretch {
  SpaceProblem b;
  double nearest;  ///< square of half a cell [m^2]
  enum class Normal { x, y, z };
  template <Normal normal>
  DF_IN_LANES DF_FUNCTION double at(double x, double y, double z, int row) const {
    double factor = 1.0;
    for (int t = 0; t < b.tracks; ++t) {
      const SpaceTrack& track = b.track[t];
      const double along = normal == Normal::x ? track.along_x() : (normal == Normal::y ? track.along_y() : track.along_z());
      factor *= mix(1.0 + track.opening(row) / larger(track.seen(x, y, z).square, nearest), 1.0, along);
    }
    return factor;
  }
};

/// Conductances of the faces to the next cells in x, y and z: both half cells in series. Across the layers tracks and cracks act
/// as in the axisymmetric insertion; the sides of the part and its bottom are closed, from both sides.
struct SpaceConductanceStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int top, int end) const {
    const InsertionProblem& p = b.tissue;
    const CartesianGrid& g = b.grid;
    const BoxSystem& s = b.system;
    using Normal = FaceStretch::Normal;
    const int column = b.column(n), i = b.column_x(column), l = b.column_y(column), first = column * g.n_z, layer = b.layer();
    const double dx = g.dx(i), dy = g.dy(l);
    const FaceStretch stretch{b, 0.25 * dx * dy};
    const bool east = i + 1 < b.part.i1, north = l + 1 < b.part.j1;
    const bool closed_west = i == b.part.i0 && i > 0, closed_south = l == b.part.j0 && l > 0;
    const double next_dx = east ? g.dx(i + 1) : dx, next_dy = north ? g.dy(l + 1) : dy;
    const double open_x = east ? 1.0 : 0.0, open_y = north ? 1.0 : 0.0;
    const double x = g.x_centre(i), y = g.y_centre(l), face_x = g.x_face(i + 1), face_y = g.y_face(l + 1);
    const int next_x = east ? layer : 0, next_y = north ? g.n_z : 0;
    bool opened = false;  // where no needle has been nothing is stretched
    for (int t = 0; t < b.tracks; ++t) opened = opened || b.track[t].opening(0) > 0.0;
    DF_LANES
    for (int j = top; j < end; ++j) {
      const int k = first + j;
      const double dz = g.dz(j), here = p.scratch.mobility(k), cracked = here * (1.0 + p.tissue.crack(k));
      const double plane = p.rows.anisotropy(j);
      const double to_x = p.scratch.mobility(k + next_x) * (1.0 + p.tissue.crack(k + next_x));
      const double to_y = p.scratch.mobility(k + next_y) * (1.0 + p.tissue.crack(k + next_y));
      s.x(k) = static_cast<float>(open_x * plane * in_series(dy * dz, 0.5 * dx, cracked, 0.5 * next_dx, to_x));
      s.y(k) = static_cast<float>(open_y * plane * in_series(dx * dz, 0.5 * dy, cracked, 0.5 * next_dy, to_y));
      if (closed_west) s.x(k - layer) = 0.0f;
      if (closed_south) s.y(k - g.n_z) = 0.0f;
    }
    for (int j = top; j < end; ++j) {
      const int k = first + j;
      const bool inside = j + 1 < b.part.rows;
      const double dz = g.dz(j), below = inside ? g.dz(j + 1) : dz;
      const double down = in_series(dx * dy, 0.5 * dz, p.scratch.mobility(k), 0.5 * below, p.scratch.mobility(k + 1));
      s.z(k) = inside ? static_cast<float>(down) : 0.0f;
    }
    if (!opened) return;
    for (int j = top; j < end; ++j) {
      const int k = first + j;
      s.x(k) = static_cast<float>(static_cast<double>(s.x(k)) * stretch.at<Normal::x>(face_x, y, g.z_centre(j), j));
      s.y(k) = static_cast<float>(static_cast<double>(s.y(k)) * stretch.at<Normal::y>(x, face_y, g.z_centre(j), j));
      s.z(k) = static_cast<float>(static_cast<double>(s.z(k)) * stretch.at<Normal::z>(x, y, g.z_face(j + 1), j));
    }
  }
};

/// Storage of every cell and the residual of the old pressure in its balance, without the walls of the tracks.
struct SpaceBalanceStep {
  SpaceProblem b;
  double dt;   ///< [s]
  bool again;  ///< the pressure is no longer that of the fluid: what the change has stored counts, too
  DF_FUNCTION void operator()(int n, int top, int end) const {
    const InsertionProblem& p = b.tissue;
    const BoxSystem& s = b.system;
    const int column = b.column(n), first = column * b.grid.n_z, layer = b.layer(), line = b.grid.n_z;
    const double area = b.column_area(column), per_time = 1.0 / dt;
    const FieldView<const double> pressure = p.tissue.pressure;
    DF_LANES
    for (int j = top; j < end; ++j) {
      const int k = first + j;
      const double volume = area * b.grid.dz(j), drain = volume * p.params.lymph_conductance, here = pressure(k);
      const double stored = volume * pore_storage(p, j).capacity(p.tissue.fluid(k)) * per_time;
      const double change = again ? pore_storage(p, j).pressure(p.tissue.fluid(k)) - here : 0.0;
      const auto from = [&](FieldView<const float> conductance, int face, int next) {
        return static_cast<double>(conductance(face)) * (pressure(next) - here);
      };
      const double inflow = from(s.x, k, k + layer) + from(s.x, k - layer, k - layer) + from(s.y, k, k + line) +
                            from(s.y, k - line, k - line) + from(s.z, k, k + 1) + from(s.z, k - 1, k - 1);
      s.storage(k) = stored + drain;
      s.residual(k) = drain * (p.params.rest_pressure - here) + inflow + stored * change;
    }
  }
};

/// Face fluxes of the solved pressure, positive towards the next cell; none into the part.
struct SpaceFluxStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int top, int end) const {
    const BoxSystem& s = b.system;
    const int column = b.column(n), first = column * b.grid.n_z;
    const FieldView<const double> pressure = b.tissue.tissue.pressure;
    const int i = b.column_x(column), l = b.column_y(column);
    const bool west = i == b.part.i0 && i > 0, south = l == b.part.j0 && l > 0;
    DF_LANES
    for (int j = top; j < end; ++j) {
      const int k = first + j;
      const double here = pressure(k);
      b.scratch.x_flux(k) = static_cast<double>(s.x(k)) * (here - pressure(k + b.layer()));
      b.scratch.y_flux(k) = static_cast<double>(s.y(k)) * (here - pressure(k + b.grid.n_z));
      b.scratch.z_flux(k) = static_cast<double>(s.z(k)) * (here - pressure(k + 1));
      if (west) b.scratch.x_flux(k - b.layer()) = 0.0;
      if (south) b.scratch.y_flux(k - b.grid.n_z) = 0.0;
    }
  }
};

/// Darcy speed of every cell as its pores see it, where open tracks have pushed it, and, per column, the largest share of a cell's
/// fluid that leaves it per second, gross and net [1/s] (as SpeedStep). What comes through the wall of a track is added by
/// WallSpeedStep.
struct SpaceSpeedStep {
  SpaceProblem b;
  double dt;  ///< [s]
  DF_FUNCTION void operator()(int n, int) const {
    const InsertionProblem& p = b.tissue;
    const CartesianGrid& g = b.grid;
    const SpaceScratch& s = b.scratch;
    const int column = b.column(n), i = b.column_x(column), l = b.column_y(column), first = column * g.n_z;
    const double area = g.dx(i) * g.dy(l), x = g.x_centre(i), y = g.y_centre(l);
    double gross = 0.0, net = 0.0;
    for (int j = 0; j < b.part.rows; ++j) {
      const int k = first + j;
      const double east = s.x_flux(k), west = s.x_flux(k - b.layer()), north = s.y_flux(k);
      const double south = s.y_flux(k - g.n_z), down = s.z_flux(k), up = s.z_flux(k - 1);
      const double dz = g.dz(j), volume = area * dz, content = volume * p.tissue.fluid(k);
      const double drained = volume * p.params.lymph_conductance * (p.tissue.pressure(k) - p.params.rest_pressure);
      double wall_out = 0.0, wall_in = 0.0;
      for (int t = 0; t < b.tracks; ++t)
        b.track[t].crossings(j, [&](int at, int crossed) {
          if (crossed != k) return;
          wall_out += larger(-b.track[t].flux(at), 0.0);
          wall_in += larger(b.track[t].flux(at), 0.0);
        });
      const double out = larger(east, 0.0) + larger(-west, 0.0) + larger(north, 0.0) + larger(-south, 0.0) + larger(down, 0.0) +
                         larger(-up, 0.0) + larger(drained, 0.0) + wall_out;
      const double lost = east - west + north - south + down - up + drained + wall_out - wall_in;
      const double u_x = 0.5 * (std::fabs(east) + std::fabs(west)) / (g.dy(l) * dz);
      const double u_y = 0.5 * (std::fabs(north) + std::fabs(south)) / (g.dx(i) * dz);
      const double u_z = 0.5 * (std::fabs(up) + std::fabs(down)) / area;
      double pushed = 1.0;
      for (int t = 0; t < b.tracks; ++t)
        pushed *= 1.0 + b.track[t].opening(j) / (b.track[t].seen(x, y, g.z_centre(j)).square + 0.25 * area / units::pi);
      p.tissue.speed(k) = std::sqrt((u_x * u_x + u_y * u_y) / pushed + u_z * u_z);
      gross = larger(gross, out / (content - smaller(larger(lost * dt, 0.0), 0.5 * content)));
      net = larger(net, lost / content);
    }
    s.gross(b.column(n)) = gross;
    s.net(b.column(n)) = net;
  }
};

/// Mean Darcy speed in the cells that share a track: what leaves its wall spreads in all directions, q/(2 pi r) per length, and the
/// open track has pushed the pores outward. The mean of 1/r over a cell is that at a distance which counts the cell's own size.
struct WallSpeedStep {
  SpaceProblem b;
  DF_FUNCTION void operator()() const {
    for (int t = 0; t < b.tracks; ++t)
      for (int j = 0; j < b.part.rows; ++j)
        b.track[t].crossings(j, [&](int, int k) {
          const SpaceTrack& track = b.track[t];
          const int column = k / b.grid.n_z, i = b.column_x(column), l = b.column_y(column);
          const double away = track.seen(b.grid.x_centre(i), b.grid.y_centre(l), b.grid.z_centre(j)).square;
          const double square = away + b.column_area(column) / (4.0 * units::pi) + track.opening(j);
          const double length = b.grid.dz(j) / track.upright;
          const double speed = std::fabs(track.wall_flux(j)) / (2.0 * units::pi * std::sqrt(square) * length);
          b.tissue.tissue.speed(k) = larger(b.tissue.tissue.speed(k), speed);
        });
  }
};

/// Largest departure from the resting pressure along the four sides and the lowest row of the part, per column; 0 inside.
struct SpaceEdgeStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int) const {
    const int column = b.column(n), first = column * b.grid.n_z, i = b.column_x(column), l = b.column_y(column);
    const auto departure = [&](int j) { return std::fabs(b.tissue.tissue.pressure(first + j) - b.tissue.params.rest_pressure); };
    double side = 0.0;
    if (i == b.part.i0 || i + 1 == b.part.i1 || l == b.part.j0 || l + 1 == b.part.j1)
      for (int j = 0; j < b.part.rows; ++j) side = larger(side, departure(j));
    b.scratch.gross(column) = side;
    b.scratch.net(column) = departure(b.part.rows - 1);
  }
};

/// Largest departure of the tissue from the resting pressure, per column.
struct SpaceExcessStep {
  SpaceProblem b;
  DF_FUNCTION void operator()(int n, int) const {
    const int column = b.column(n), first = column * b.grid.n_z;
    double largest = 0.0;
    for (int j = 0; j < b.part.rows; ++j)
      largest = larger(largest, std::fabs(b.tissue.tissue.pressure(first + j) - b.tissue.params.rest_pressure));
    b.scratch.gross(column) = largest;
  }
};

/// Largest of a value per column, over each plane of columns of the part and over all planes.
struct SpacePlaneMaximumStep {
  SpaceProblem b;
  FieldView<const double> values;
  DF_FUNCTION void operator()(int m) const {
    double largest = 0.0;
    for (int l = b.part.j0; l < b.part.j1; ++l) largest = larger(largest, values(b.grid.column(b.part.i0 + m, l)));
    b.system.plane(m) = largest;
  }
};
struct SpaceMaximumStep {
  SpaceProblem b;
  DF_FUNCTION void operator()() const {
    double largest = 0.0;
    for (int m = 0; m < b.part.i1 - b.part.i0; ++m) largest = larger(largest, b.system.plane(m));
    b.scratch.scalars(scalar_maximum) = largest;
  }
};

/// Largest of a value per column over the part; at least 0.
template <class Executor>
double largest_of_columns(const Executor& executor, const SpaceProblem& b, FieldView<const double> values) {
  executor.list(b.part.i1 - b.part.i0, SpacePlaneMaximumStep{b, values});
  executor.single(SpaceMaximumStep{b});
  return executor.read(b.scratch.scalars, scalar_maximum);
}

}  // namespace dermaflux
