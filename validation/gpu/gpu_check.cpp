// One stage of the check: gpu_check STAGE [--host] [--configs FOLDER] [--seconds S] [--grid NAME]. Stages: facts, parity, steps,
// ensemble, photons, boxes, lines, throughput, small (one short treatment and some photons, for tools that slow everything down).
// Prints one JSON object per line; exit code 0 if all is right, 1 if not, 2 for bad input, 3 if there is no device.
#include <sys/random.h>

#include <cstdlib>
#include <thread>

#include "core/error.hpp"
#include "core/io/config.hpp"
#include "validation/gpu/check_report.hpp"
#include "validation/gpu/target.hpp"

/// Random bits by the kernel. libstdc++, which is linked in, takes them from glibc, which has this function from 2.36 on only.
extern "C" unsigned arc4random() {
  unsigned word = 0;
  while (getrandom(&word, sizeof word, 0) != sizeof word) {
  }
  return word;
}

namespace {

using namespace dermaflux;
using namespace dermaflux::gpu_check;

struct Arguments {
  std::string stage, grid = "quick";
  std::filesystem::path configs = "configs";
  double seconds = 60.0;
  bool host = false;
};

Arguments parse(int count, char** words) {
  Arguments all;
  for (int n = 1; n < count; ++n) {
    const std::string word = words[n];
    const auto value = [&] {
      if (n + 1 >= count) throw InputError(word + " needs a value");
      return std::string(words[++n]);
    };
    if (word == "--host")
      all.host = true;
    else if (word == "--configs")
      all.configs = value();
    else if (word == "--grid")
      all.grid = value();
    else if (word == "--seconds")
      all.seconds = std::atof(value().c_str());
    else if (all.stage.empty() && word.rfind("--", 0) != 0)
      all.stage = word;
    else
      throw InputError("unknown argument " + word + "; use STAGE [--host] [--configs FOLDER] [--seconds S] [--grid NAME]");
  }
  if (!std::filesystem::is_regular_file(all.configs / "model.toml"))
    throw InputError(all.configs.string() + " holds no model.toml (it is not the folder of configurations); give --configs FOLDER");
  if (!(all.seconds > 0.0)) throw InputError("--seconds must be above 0");
  grid_level(all.grid);
  return all;
}

void say_facts(Report& report) {
  report.fact("commit", DF_COMMIT);
  report.fact("compiler", __VERSION__);
  report.fact("host_threads", std::thread::hardware_concurrency());
  std::string detail;
  report.fact("device_there", cuda_backend().available(detail));
  report.fact("device", detail);
  for (const auto& [name, value] : device_numbers()) report.fact(name, value);
}

void run_small(const Target& target, const Cases& cases, Report& report) {
  RunOptions options;
  options.grid = GridLevel::quick;
  options.horizon = 1.0 * units::day;
  const std::vector<Member> members(2, Member{cases.treatment("normal", {{"machine.dwell_ms", "10"}}), {}});
  const auto outcomes = on_target(target, members, options);
  report.require("small case ends", outcomes[0].index() == 0 && outcomes[1].index() == 0);
}

int run(int count, char** words) {
  const Arguments arguments = parse(count, words);
  Report report(arguments.stage);
  if (arguments.stage == "facts") {
    say_facts(report);
    return 0;
  }
  const Cases cases{arguments.configs};
  set_shipped_configs(arguments.configs);
  const Target target = arguments.host ? emulated_target() : cuda_target();
  if (arguments.stage == "parity")
    check_parity(target, cases, report, arguments.seconds);
  else if (arguments.stage == "steps")
    check_steps(target, cases, report);
  else if (arguments.stage == "ensemble")
    check_ensemble(target, cases, report);
  else if (arguments.stage == "photons")
    check_photons(target, report);
  else if (arguments.stage == "boxes")
    check_boxes(target, cases, report);
  else if (arguments.stage == "lines")
    check_lines(target, cases, report);
  else if (arguments.stage == "throughput")
    measure_throughput(target, cases, report, arguments.seconds, arguments.grid);
  else if (arguments.stage == "small")
    run_small(target, cases, report);
  else
    throw InputError("unknown stage \"" + arguments.stage +
                     "\"; use facts, parity, steps, ensemble, photons, boxes, lines, throughput or small");
  return report.failed() ? 1 : 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(count, words);
  } catch (const dermaflux::BackendError& error) {
    std::cerr << "gpu_check: " << error.what() << "\n";
    return 3;
  } catch (const std::exception& error) {
    std::cerr << "gpu_check: " << error.what() << "\n";
    return 2;
  }
}
