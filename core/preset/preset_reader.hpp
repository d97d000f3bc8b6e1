#pragma once
// Reader of device presets for the driver module of a machine: one header, C++17, nothing but the standard library. With
// DF_PRESET_WITH_SODIUM=1 it also verifies signatures (Ed25519, libsodium). It refuses by default, says why, throws nothing, and
// allocates at most what `preset_max_bytes` implies. Numbers carry the unit that ends their name. One reader, one thread at a time.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>
#if defined(DF_PRESET_WITH_SODIUM) && DF_PRESET_WITH_SODIUM
#include <sodium.h>
#endif

namespace dermaflux {

inline constexpr std::size_t preset_max_bytes = 262144, preset_max_axis = 16;
inline constexpr int preset_max_depth = 8, preset_max_sessions = 6;
/// What `judge` compares with the session plan, too [day].
inline constexpr std::string_view preset_days_since = "days since last session";

// clang-format off
/// Why a preset or a question to it is refused. Name and text of each stand in `preset_error_texts`, in this order.
enum class PresetError : unsigned char {
  none, not_open, no_memory, too_large, too_deep, not_json, not_canonical, duplicate_key, wrong_version, wrong_hash, missing_key,
  unknown_key, wrong_kind, out_of_range, outside_envelope, outside_tolerance, outside_machine, wrong_machine, withdrawn, research,
  no_date, expired, unsigned_preset, no_sodium, bad_signature, no_table, bad_question, outside_table, no_answer, no_plan,
  impossible_plan
};
struct PresetErrorText { const char *name, *text; };
inline constexpr PresetErrorText preset_error_texts[] = {
    {"none", "nothing is wrong"},
    {"not_open", "no preset was accepted; open one first"},
    {"no_memory", "there is not enough memory to read it"},
    {"too_large", "it is larger than any preset (256 KiB)"},
    {"too_deep", "it is nested deeper than any preset (8 levels)"},
    {"not_json", "it is no JSON document in UTF-8"},
    {"not_canonical", "its bytes are not the canonical form (RFC 8785); write them with `dermaflux preset export`"},
    {"duplicate_key", "a key stands twice"},
    {"wrong_version", "its schema_version is missing or not 1.x"},
    {"wrong_hash", "its SHA-256 does not match its content; it was altered"},
    {"missing_key", "a key is missing"},
    {"unknown_key", "a key is unknown"},
    {"wrong_kind", "a value is of the wrong kind"},
    {"out_of_range", "a value is outside what its key allows"},
    {"outside_envelope", "a setting lies outside the envelope"},
    {"outside_tolerance", "the settings lie outside their own tolerance"},
    {"outside_machine", "a setting lies outside the limits of the machine, or the driver gave none"},
    {"wrong_machine", "it is for another machine"},
    {"withdrawn", "it was withdrawn"},
    {"research", "its status is research, which the driver does not allow"},
    {"no_date", "it expires, and the driver gave no date (YYYY-MM-DD)"},
    {"expired", "it has expired"},
    {"unsigned_preset", "it has no signature to verify, which the driver does not allow"},
    {"no_sodium", "this driver was built without libsodium and cannot verify a signature"},
    {"bad_signature", "its signature does not match"},
    {"no_table", "it has no settings table; calibrate again, this one cannot be adapted"},
    {"bad_question", "a measured value is not a number"},
    {"outside_table", "a measured value lies outside the settings table"},
    {"no_answer", "the model has no answer for this skin"},
    {"no_plan", "it has no session plan; calibrate again, this one does not say when the skin may be treated again"},
    {"impossible_plan", "its session plan cannot be kept"}};
// clang-format on
static_assert(sizeof preset_error_texts / sizeof *preset_error_texts == static_cast<std::size_t>(PresetError::impossible_plan) + 1,
              "");
inline const char* name_of(PresetError error) noexcept { return preset_error_texts[static_cast<std::size_t>(error)].name; }
inline const char* text_of(PresetError error) noexcept { return preset_error_texts[static_cast<std::size_t>(error)].text; }

struct PresetSettings {
  double depth_mm, dwell_ms, frequency_hz, stroke_mm, angle_deg, hand_force_n;
};
/// What the model expects of a stroke with these settings in this skin.
struct PresetExpected {
  double insertion_force_n, d_tip_mm, strokes, bleed_probability, contrast_1y;
};
struct PresetAnswer {
  PresetError error;  ///< the rest holds only where it is none
  PresetSettings settings;
  PresetExpected expected;
};
struct PresetAlarm {
  std::string_view name, quantity, side, unit, action, reason;  ///< side: below, above or outside
  double warn, stop;                                            ///< NaN where there is none; outside: the two ends
};
enum class PresetVerdict : unsigned char { fine, warn, stop };

/// When the skin may be treated again: practice, but for the touch-up, which the model predicts for one dot of one session.
struct PresetSessions {
  PresetError error = PresetError::not_open;  ///< the rest holds only where it is none
  int fewest = 0, most = 0;
  std::array<std::string_view, preset_max_sessions> purposes{};  ///< of the first `most`
  double earliest_day = 0.0;                                     ///< since the last session; before it `judge` stops
  double days_between_min = 0.0, days_between_max = 0.0;         ///< sooner than the first `judge` warns
  double touch_up_years[3] = {};                                 ///< 5, 50 and 95 % of the draws; infinite: not before the horizon
  double touch_up_horizon_years = 0.0;                           ///< how long the model looked on
};

inline constexpr double preset_no_number = std::numeric_limits<double>::quiet_NaN();
/// What the driver knows and allows. As it stands it refuses every preset.
struct PresetRules {
  std::string_view machine_model;  ///< of this machine
  PresetSettings lowest{preset_no_number, preset_no_number, preset_no_number, preset_no_number, preset_no_number, preset_no_number};
  PresetSettings highest = lowest;   ///< limits of this machine
  std::string_view today;            ///< YYYY-MM-DD
  bool allow_research = false;       ///< status research
  bool allow_unsigned = false;       ///< where no public key is given
  std::string_view public_key = {};  ///< 32 bytes
  std::string_view signature = {};   ///< 64 bytes: Ed25519 over all bytes of the preset
};

namespace preset_detail {

/// SHA-256 of two pieces, one after the other. Source: FIPS 180-4.
inline std::array<unsigned char, 32> sha256(std::string_view first, std::string_view second = {}) noexcept {
  static constexpr std::uint32_t k[64] = {
      0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u, 0xab1c5ed5u,
      0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu, 0x9bdc06a7u, 0xc19bf174u,
      0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu, 0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau,
      0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u, 0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u,
      0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu, 0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u,
      0xa2bfe8a1u, 0xa81a664bu, 0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u,
      0x19a4c116u, 0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
      0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u, 0xc67178f2u};
  std::uint32_t h[8] = {0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au, 0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u};
  const std::size_t size = first.size() + second.size(), blocks = (size + 8) / 64 + 1;
  const auto turn = [](std::uint32_t x, int n) { return (x >> n) | (x << (32 - n)); };
  const auto byte = [&](std::size_t n) -> std::uint32_t {  // of the padded message
    if (n < first.size()) return static_cast<unsigned char>(first[n]);
    if (n < size) return static_cast<unsigned char>(second[n - first.size()]);
    if (n == size) return 0x80u;
    const std::size_t left = blocks * 64 - 1 - n;
    return left < 8 ? static_cast<std::uint32_t>((static_cast<std::uint64_t>(size) * 8 >> (8 * left)) & 0xffu) : 0u;
  };
  for (std::size_t block = 0; block < blocks; ++block) {
    std::uint32_t w[64], s[8];
    for (std::size_t t = 0; t < 16; ++t) {
      const std::size_t at = block * 64 + 4 * t;
      w[t] = byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
    }
    for (std::size_t t = 16; t < 64; ++t)
      w[t] = w[t - 16] + w[t - 7] + (turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3) +
             (turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10);
    std::copy(h, h + 8, s);
    for (std::size_t t = 0; t < 64; ++t) {
      const std::uint32_t one =
          s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[t] + w[t];
      const std::uint32_t two = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
      std::copy_backward(s, s + 7, s + 8);
      s[4] += one;
      s[0] = one + two;
    }
    for (int n = 0; n < 8; ++n) h[n] += s[n];
  }
  std::array<unsigned char, 32> digest{};
  for (std::size_t n = 0; n < 32; ++n) digest[n] = static_cast<unsigned char>(h[n / 4] >> (24 - 8 * (n % 4)) & 0xffu);
  return digest;
}

/// A finite number as RFC 8785 writes it (that is, as ECMAScript does: shortest digits that give it back).
inline std::string_view canonical_number(double value, char (&out)[40]) noexcept {
  char text[40];
  const char* const end = std::to_chars(text, text + 40, std::fabs(value), std::chars_format::scientific).ptr;
  const char* const e = std::find(static_cast<const char*>(text), end, 'e');
  char digits[24];
  int count = 0, power = 0, size = 0;
  for (const char* c = text; c != e; ++c)
    if (*c != '.') digits[count++] = *c;
  while (count > 1 && digits[count - 1] == '0') --count;
  std::from_chars(e + (e[1] == '+' ? 2 : 1), end, power);
  const auto put = [&](char c) { out[size++] = c; };
  const int point = power + 1;  // digits before it
  if (value < 0.0) put('-');
  if (point > 21 || point < -5) {
    for (int n = 0; n < count; ++n) {
      if (n == 1) put('.');
      put(digits[n]);
    }
    put('e');
    put(power < 0 ? '-' : '+');
    return {out, static_cast<std::size_t>(std::to_chars(out + size, out + 40, std::abs(power)).ptr - out)};
  }
  if (point <= 0) put('0');
  for (int n = std::min(point, 0); n < std::max(count, point); ++n) {
    if (n == std::min(point, 0) && point <= 0) put('.');
    if (point > 0 && n == point) put('.');
    put(n >= 0 && n < count ? digits[n] : '0');
  }
  return {out, static_cast<std::size_t>(size)};
}

// clang-format off
enum class Kind : unsigned char {
  end, object, map, list, cell, axis, choices, choice, text, literal, number, positive, not_negative, share, signed_share, dilution,
  angle, integer, count, sessions, prongs, version, schema_version, id, hash, date, status, drive
};
// clang-format on

/// A value of the document, with the places of its key and itself in the bytes.
struct Node {
  Kind kind = Kind::end;
  std::size_t key = 0, key_end = 0, begin = 0, end = 0, first = 0, next = 0;  ///< first child and next sibling, 0 for none
  double number = 0.0;
};

/// Parser of canonical JSON (RFC 8785) and nothing else: no white space, sorted keys, one way to write each text and number.
class Parser {
 public:
  std::vector<Node> nodes;
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  PresetError parse() {
    const PresetError error = value(0);
    return error == PresetError::none && at_ != bytes_.size() ? wrong() : error;
  }
  std::size_t at() const { return at_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;

  char here() const { return at_ < bytes_.size() ? bytes_[at_] : '\0'; }
  PresetError wrong() const {
    return at_ < bytes_.size() && std::strchr(" \t\r\n", bytes_[at_]) && bytes_[at_] ? PresetError::not_canonical
                                                                                     : PresetError::not_json;
  }

  PresetError value(int depth) {
    if (depth > preset_max_depth) return PresetError::too_deep;
    const std::size_t me = nodes.size();
    nodes.push_back({});
    nodes[me].begin = at_;
    PresetError error = PresetError::none;
    if (here() == '{' || here() == '[') {
      error = inside(me, depth);
    } else if (here() == '"') {
      nodes[me].kind = Kind::text;
      error = text();
    } else if (here() == '-' || (here() >= '0' && here() <= '9')) {
      nodes[me].kind = Kind::number;
      error = number(nodes[me].number);
    } else {
      nodes[me].kind = Kind::literal;
      const std::string_view rest = bytes_.substr(at_);
      const auto starts = [&](std::string_view word) { return rest.substr(0, word.size()) == word; };
      if (!starts("true") && !starts("null") && !starts("false")) return wrong();
      at_ += starts("false") ? 5 : 4;
    }
    nodes[me].end = at_;
    return error;
  }

  /// An object or a list.
  PresetError inside(std::size_t me, int depth) {
    const bool object = here() == '{';
    const char close = object ? '}' : ']';
    nodes[me].kind = object ? Kind::object : Kind::list;
    ++at_;
    std::size_t last = 0;
    while (here() != close) {
      if (last && here() != ',') return wrong();
      if (last) ++at_;
      Node member;
      if (object) {
        member.key = at_ + 1;
        if (here() != '"') return wrong();
        if (const PresetError error = text(); error != PresetError::none) return error;
        member.key_end = at_ - 1;
        if (last) {  // byte order is the order of RFC 8785 for all keys that a preset knows
          const int order = key_of(nodes[last]).compare(key_of(member));
          if (order >= 0) return order ? PresetError::not_canonical : PresetError::duplicate_key;
        }
        if (here() != ':') return wrong();
        ++at_;
      }
      const std::size_t child = nodes.size();
      const PresetError error = value(depth + 1);
      if (error != PresetError::none) return error;
      nodes[child].key = member.key;
      nodes[child].key_end = member.key_end;
      (last ? nodes[last].next : nodes[me].first) = child;
      last = child;
    }
    ++at_;
    return PresetError::none;
  }
  std::string_view key_of(const Node& node) const { return bytes_.substr(node.key, node.key_end - node.key); }

  PresetError text() {
    for (++at_; here() != '"'; ++at_) {
      const auto c = static_cast<unsigned char>(here());
      if (at_ >= bytes_.size() || c < 0x20) return PresetError::not_json;
      if (c == '\\') {
        const std::string_view rest = bytes_.substr(at_ + 1, 5);
        const bool brief = !rest.empty() && std::strchr("\"\\bfnrt", rest[0]) && rest[0];
        const bool control = rest.size() == 5 && rest.substr(0, 3) == "u00" && (rest[3] == '0' || rest[3] == '1') &&
                             ((rest[4] >= '0' && rest[4] <= '9') || (rest[4] >= 'a' && rest[4] <= 'f')) &&
                             !(rest[3] == '0' && std::strchr("89acd", rest[4]));
        if (!brief && !control)
          return !rest.empty() && (rest[0] == 'u' || rest[0] == '/') ? PresetError::not_canonical : PresetError::not_json;
        at_ += brief ? 1 : 5;
      } else if (c >= 0x80) {
        const std::size_t size = utf8();
        if (!size) return PresetError::not_json;
        at_ += size - 1;
      }
    }
    ++at_;
    return PresetError::none;
  }
  /// Bytes of the well-formed character here, 0 if it is none. Source: Unicode 15, table 3-7.
  std::size_t utf8() const {
    const auto byte = [&](std::size_t n) { return at_ + n < bytes_.size() ? static_cast<unsigned char>(bytes_[at_ + n]) : 0u; };
    const auto tail = [&](std::size_t n) { return byte(n) >= 0x80 && byte(n) <= 0xbf; };
    const unsigned a = byte(0), b = byte(1);
    if (a >= 0xc2 && a <= 0xdf) return tail(1) ? 2 : 0;
    if (a >= 0xe0 && a <= 0xef)
      return tail(1) && tail(2) && b >= (a == 0xe0 ? 0xa0u : 0x80u) && b <= (a == 0xed ? 0x9fu : 0xbfu) ? 3 : 0;
    if (a >= 0xf0 && a <= 0xf4)
      return tail(1) && tail(2) && tail(3) && b >= (a == 0xf0 ? 0x90u : 0x80u) && b <= (a == 0xf4 ? 0x8fu : 0xbfu) ? 4 : 0;
    return 0;
  }

  PresetError number(double& value) {
    const char *const begin = bytes_.data() + at_, *const end = bytes_.data() + bytes_.size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc{} || !std::isfinite(value)) return PresetError::not_json;
    const std::string_view written(begin, static_cast<std::size_t>(stop - begin));
    char out[40];
    if (canonical_number(value, out) != written) return PresetError::not_canonical;
    if (std::fabs(value) > 9007199254740991.0 && written.find('e') == written.npos) return PresetError::out_of_range;
    at_ += written.size();
    return PresetError::none;
  }
};

inline constexpr int newest_minor = 3;

/// One key of the schema; `since` is the minor version that brought it, `until` the last that has it so.
struct Field {
  const char* name;
  Kind kind = Kind::end;
  const Field* inside = nullptr;
  int least = 0;  ///< members of a map or list
  bool optional = false;
  int since = 0, until = newest_minor;
};

using K = Kind;
inline constexpr Field range[] = {{"max", K::number}, {"min", K::number}, {}};
inline constexpr Field preset[] = {
    {"expires", K::date, {}, 0, true, 1}, {"id", K::id}, {"status", K::status}, {"title", K::text}, {"version", K::version}, {}};
inline constexpr Field use[] = {{"contraindications", K::list, nullptr, 1}, {"skin_class", K::text}, {"text", K::text}, {}};
inline constexpr Field machine[] = {{"drive", K::drive}, {"limits", K::map, range, 1, true, 1}, {"model", K::text}, {}};
inline constexpr Field needle[] = {
    {"model", K::text}, {"prongs", K::prongs}, {"shaft_diameter_mm", K::positive}, {"taper_length_mm", K::positive}, {}};
inline constexpr Field ink[] = {{"carrier_viscosity_mpa_s", K::positive}, {"dilution", K::dilution}, {"model", K::text}, {}};
inline constexpr Field settings[] = {{"angle_deg", K::angle},
                                     {"depth_mm", K::positive},
                                     {"dwell_ms", K::positive},
                                     {"frequency_hz", K::positive},
                                     {"hand_force_n", K::not_negative},
                                     {"stroke_mm", K::positive},
                                     {}};
inline constexpr Field tolerance[] = {{"depth_mm", K::object, range}, {"dwell_ms", K::object, range}, {}};
inline constexpr Field criterion[] = {
    {"high", K::number, {}, 0, true}, {"low", K::number, {}, 0, true}, {"name", K::text}, {"output", K::text}, {}};
inline constexpr Field probability[] = {
    {"criteria", K::list, criterion, 1}, {"draws", K::count}, {"right", K::share}, {"standard_error", K::share}, {}};
inline constexpr Field quantiles[] = {{"p05", K::number}, {"p50", K::number}, {"p95", K::number}, {"unit", K::text}, {}};
inline constexpr Field two[] = {{"depth_mm", K::positive}, {"dwell_ms", K::positive}, {}};
inline constexpr Field third[] = {{"draws", K::count},
                                  {"max", K::number},
                                  {"measured", K::text},
                                  {"min", K::number},
                                  {"probability", K::share},
                                  {"settings", K::object, two},
                                  {}};
inline constexpr Field weight[] = {{"key", K::text}, {"rank_correlation_with_contrast_1y", K::signed_share}, {}};
inline constexpr Field alarm[] = {{"action", K::text},
                                  {"name", K::text},
                                  {"quantity", K::text},
                                  {"reason", K::text},
                                  {"stop", K::number, {}, 0, true},
                                  {"unit", K::text},
                                  {"warn", K::number, {}, 0, true},
                                  {}};
inline constexpr Field datum[] = {{"name", K::text}, {"sha256", K::hash, {}, 0, true}, {"source", K::text, {}, 0, true}, {}};
inline constexpr Field effort[] = {{"insertions", K::count},
                                   {"insertions_without_screening", K::count},
                                   {"members", K::count},
                                   {"members_decision", K::count},
                                   {}};
inline constexpr Field factor[] = {{"factor", K::positive}, {"output", K::text}, {"standard_error", K::share}, {}};
inline constexpr Field corrections[] = {
    {"factors", K::list, factor, 1}, {"sha256", K::hash}, {"study_sha256", K::hash}, {"title", K::text}, {}};
inline constexpr Field origin[] = {{"corrections", K::object, corrections, 0, true, 3},
                                   {"data", K::list, {}, 0, false, 0, 1},
                                   {"data", K::list, datum, 0, false, 2},
                                   {"effort", K::object, effort, 0, true, 2},
                                   {"git_commit", K::text, {}, -1},
                                   {"grid_decision", K::text},
                                   {"grid_search", K::text},
                                   {"input_files", K::text},
                                   {"input_sha256", K::hash},
                                   {"migrated_from_sha256", K::hash, {}, 0, true, 1},
                                   {"prior_keys", K::list, {}, 0, true, 2},
                                   {"priors", K::text},
                                   {"program", K::text},
                                   {"seed", K::integer},
                                   {}};
inline constexpr Field cell[] = {
    {"depth_mm", K::positive}, {"dwell_ms", K::positive},       {"insertion_force_n", K::positive}, {"d_tip_mm", K::positive},
    {"strokes", K::positive},  {"bleed_probability", K::share}, {"contrast_1y", K::number},         {}};
inline constexpr Field no_cell[] = {{"none", K::text}, {}};
inline constexpr Field table[] = {
    {"cells", K::list, cell, 4}, {"force_at", K::text},     {"force_n", K::axis},      {"grid", K::text},
    {"same", K::text},           {"thickness_of", K::text}, {"thickness_um", K::axis}, {}};
inline constexpr Field asked[] = {{"depth_um", K::positive}, {"dwell_share", K::positive}, {}};
inline constexpr Field location[] = {{"asked", K::object, asked},
                                     {"best", K::object, two},
                                     {"confidence", K::share},
                                     {"draws", K::count},
                                     {"known", K::literal},
                                     {"range", K::object, tolerance},
                                     {}};
inline constexpr Field searched[] = {{"chosen", K::choice}, {"key", K::text}, {"tried", K::choices, nullptr, 1}, {}};
inline constexpr Field how_many[] = {{"max", K::sessions}, {"min", K::sessions}, {}};
inline constexpr Field days[] = {{"max", K::positive}, {"min", K::positive}, {}};
inline constexpr Field touch_up[] = {{"contrast_low", K::positive, {}, 0, true},
                                     {"draws", K::count},
                                     {"horizon_years", K::positive},
                                     {"p05_years", K::positive, {}, 0, true},
                                     {"p50_years", K::positive, {}, 0, true},
                                     {"p95_years", K::positive, {}, 0, true},
                                     {"share_of_contrast_day14", K::dilution},
                                     {}};
inline constexpr Field sessions[] = {{"count", K::object, how_many},
                                     {"days_between", K::object, days},
                                     {"earliest_day", K::positive},
                                     {"purposes", K::list, {}, 1},
                                     {"source", K::text},
                                     {"touch_up", K::object, touch_up},
                                     {}};
inline constexpr Field root[] = {{"adaptation", K::list, third},
                                 {"alarms", K::list, alarm, 1},
                                 {"envelope", K::map, range},
                                 {"expected", K::map, quantiles, 1},
                                 {"ink", K::object, ink},
                                 {"intended_use", K::object, use},
                                 {"location", K::object, location, 0, true, 2},
                                 {"machine", K::object, machine},
                                 {"needle", K::object, needle},
                                 {"preset", K::object, preset},
                                 {"probability", K::object, probability},
                                 {"provenance", K::object, origin},
                                 {"schema", K::text},
                                 {"schema_version", K::schema_version},
                                 {"searched", K::list, searched, 1, true, 2},
                                 {"sensitivity", K::list, weight},
                                 {"sessions", K::object, sessions, 0, true, 2},
                                 {"settings", K::object, settings},
                                 {"settings_table", K::object, table, 0, true, 1},
                                 {"sha256", K::hash},
                                 {"tolerance", K::object, tolerance},
                                 {"warnings", K::list},
                                 {}};

struct NamedSetting {
  const char* name;
  double PresetSettings::*value;
};
inline constexpr NamedSetting named_settings[] = {
    {"depth_mm", &PresetSettings::depth_mm},         {"dwell_ms", &PresetSettings::dwell_ms},
    {"frequency_hz", &PresetSettings::frequency_hz}, {"stroke_mm", &PresetSettings::stroke_mm},
    {"angle_deg", &PresetSettings::angle_deg},       {"hand_force_n", &PresetSettings::hand_force_n}};

inline bool all_of(std::string_view text, const char* allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == text.npos;
}
inline bool is_version(std::string_view text) {
  for (int part = 0; part < 2; ++part) {
    const std::size_t dot = text.find('.');
    if (dot == text.npos || !all_of(text.substr(0, dot), "0123456789")) return false;
    text.remove_prefix(dot + 1);
  }
  return all_of(text, "0123456789");
}
inline bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const std::string_view month = text.substr(5, 2), day = text.substr(8);
  const auto digits = [](std::string_view part) { return all_of(part, "0123456789"); };
  return digits(text.substr(0, 4)) && digits(month) && digits(day) && month >= "01" && month <= "12" && day >= "01" && day <= "31";
}
inline bool holds(Kind kind, double x) {
  const bool whole = x == std::floor(x);
  switch (kind) {
    case Kind::number:
      return true;
    case Kind::positive:
      return x > 0.0;
    case Kind::not_negative:
      return x >= 0.0;
    case Kind::share:
      return x >= 0.0 && x <= 1.0;
    case Kind::signed_share:
      return x >= -1.0 && x <= 1.0;
    case Kind::dilution:
      return x > 0.0 && x <= 1.0;
    case Kind::angle:
      return x >= 0.0 && x <= 60.0;
    case Kind::integer:
      return whole;
    case Kind::count:
      return whole && x >= 1.0;
    case Kind::sessions:
      return whole && x >= 1.0 && x <= preset_max_sessions;
    default:
      return whole && x >= 1.0 && x <= 7.0;  // prongs
  }
}
inline bool holds(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::version:
      return is_version(text);
    case Kind::schema_version:
      return is_version(text) && text.substr(0, 2) == "1.";
    case Kind::id:
      return all_of(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    case Kind::hash:
      return text.size() == 64 && all_of(text, "0123456789abcdef");
    case Kind::date:
      return is_date(text);
    case Kind::status:
      return text == "research" || text == "reviewed" || text == "released" || text == "withdrawn";
    case Kind::drive:
      return text == "frequency";
    default:
      return !text.empty();
  }
}

}  // namespace preset_detail

/// A preset that was verified: bytes in canonical form, SHA-256, version, schema, envelope, tolerance, machine, status, date,
/// signature. Until `open` has returned none every question is refused; of a preset that was refused nothing is left.
class PresetReader {
 public:
  PresetReader() = default;
  PresetReader(const PresetReader&) = delete;  // alarms point into the bytes
  PresetReader& operator=(const PresetReader&) = delete;

  /// Reads and verifies the bytes of a file; `where()` then names the key that was refused.
  PresetError open(std::string_view bytes, const PresetRules& rules) noexcept {
    PresetError error = PresetError::no_memory;
    forget();
    try {
      where_.clear();
      error = load(bytes, rules);
    } catch (...) {  // nothing but memory that ran out
    }
    if (error == PresetError::none)
      open_ = true;
    else
      forget();
    return error;
  }
  const char* where() const noexcept { return where_.c_str(); }
  /// Settings for skin of average measures; NaN without an open preset.
  const PresetSettings& settings() const noexcept { return settings_; }
  const std::vector<PresetAlarm>& alarms() const noexcept { return alarms_; }
  /// When the skin may be treated again; its error is no_plan where the preset does not say.
  const PresetSessions& sessions() const noexcept { return sessions_; }
  /// A text of the document, as JSON writes it, by its path, e.g. "needle/model"; empty if there is none.
  std::string_view text(std::string_view path) const noexcept {
    const Node* const node = at_path(path);
    return node && node->kind == Kind::text ? content(*node) : std::string_view{};
  }
  /// A number of the document by its path, e.g. "location/range/depth_mm/min"; NaN if there is none.
  double number(std::string_view path) const noexcept {
    const Node* const node = at_path(path);
    return node && node->kind == Kind::number ? node->number : preset_no_number;
  }

  /// Settings for a measured thickness of epidermis and papillary dermis and a measured force (see `settings_table`), linear
  /// between the cells of the table. Refuses beyond its ends, and where a cell that it needs has no answer.
  PresetAnswer settings_for(double thickness_um, double force_n) const noexcept {
    PresetAnswer answer{PresetError::none, settings_, {}};
    const auto refuse = [&](PresetError error) { return PresetAnswer{error, {}, {}}; };
    if (!open_) return refuse(PresetError::not_open);
    if (cells_.empty()) return refuse(PresetError::no_table);
    if (!std::isfinite(thickness_um) || !std::isfinite(force_n)) return refuse(PresetError::bad_question);
    const Place t = place(thickness_, thickness_um), f = place(force_, force_n);
    if (!t.inside || !f.inside) return refuse(PresetError::outside_table);
    const Cell &a = at(t.low, f.low), &b = at(t.low, f.high), &c = at(t.high, f.low), &d = at(t.high, f.high);
    if (!a.there || !b.there || !c.there || !d.there) return refuse(PresetError::no_answer);
    double found[7];
    for (std::size_t n = 0; n < 7; ++n)
      found[n] = between(between(a.values[n], b.values[n], f.share), between(c.values[n], d.values[n], f.share), t.share);
    answer.settings.depth_mm = found[0];
    answer.settings.dwell_ms = found[1];
    answer.expected = {found[2], found[3], found[4], found[5], found[6]};
    answer.error = allows(answer.settings);
    return answer.error == PresetError::none ? answer : refuse(answer.error);
  }

  /// Whether settings lie inside the envelope and the limits of the machine.
  PresetError allows(const PresetSettings& wanted) const noexcept {
    if (!open_) return PresetError::not_open;
    for (std::size_t n = 0; n < 6; ++n) {
      const double value = wanted.*preset_detail::named_settings[n].value;
      if (!(value >= envelope_[n].min && value <= envelope_[n].max)) return PresetError::outside_envelope;
      if (!(value >= machine_[n].min && value <= machine_[n].max)) return PresetError::outside_machine;
    }
    return PresetError::none;
  }

  /// The worst verdict of all alarms on a quantity, and of the session plan on the days since the last session; stop for a value
  /// that is no number and for a quantity that none of them knows.
  PresetVerdict judge(std::string_view quantity, double value) const noexcept {
    bool known = false;
    PresetVerdict worst = by_alarms(quantity, value, known);
    if (quantity == preset_days_since && sessions_.error == PresetError::none) {
      known = true;
      if (value < sessions_.earliest_day)
        worst = PresetVerdict::stop;
      else if (value < sessions_.days_between_min && worst == PresetVerdict::fine)
        worst = PresetVerdict::warn;
    }
    return open_ && known && std::isfinite(value) ? worst : PresetVerdict::stop;
  }

 private:
  using Node = preset_detail::Node;
  using Kind = preset_detail::Kind;
  using Field = preset_detail::Field;
  struct Range {
    double min = -HUGE_VAL, max = HUGE_VAL;
  };
  struct Cell {
    bool there = false;
    double values[7] = {};
  };
  struct Place {
    bool inside;
    std::size_t low, high;  ///< equal on a value of the axis
    double share;
  };

  bool open_ = false;
  std::string bytes_, where_;
  std::vector<Node> nodes_;
  std::vector<PresetAlarm> alarms_;
  PresetSessions sessions_;
  PresetSettings settings_ = PresetRules{}.lowest;  // no numbers
  Range envelope_[6], machine_[6];
  std::vector<double> thickness_, force_;
  std::vector<Cell> cells_;

  PresetVerdict by_alarms(std::string_view quantity, double value, bool& known) const {
    PresetVerdict worst = PresetVerdict::fine;
    for (const PresetAlarm& alarm : alarms_) {
      if (alarm.quantity != quantity) continue;
      known = true;
      const bool below = alarm.side == "below", outside = alarm.side == "outside";
      const auto beyond = [&](double level) { return below ? value < level : value > level; };  // false where there is no level
      const bool out = outside && (value < std::min(alarm.warn, alarm.stop) || value > std::max(alarm.warn, alarm.stop));
      if (out || (!outside && beyond(alarm.stop)))
        worst = PresetVerdict::stop;
      else if (!outside && beyond(alarm.warn) && worst == PresetVerdict::fine)
        worst = PresetVerdict::warn;
    }
    return worst;
  }

  void forget() noexcept {
    open_ = false;
    settings_ = PresetRules{}.lowest;
    alarms_.clear();
    sessions_ = {};
    cells_.clear();
  }
  const Cell& at(std::size_t t, std::size_t f) const { return cells_[t * force_.size() + f]; }
  static Place place(const std::vector<double>& axis, double x) {
    if (!(x >= axis.front() && x <= axis.back())) return {false, 0, 0, 0.0};
    std::size_t low = 0;
    while (low + 1 < axis.size() && axis[low + 1] <= x) ++low;
    if (axis[low] == x) return {true, low, low, 0.0};
    return {true, low, low + 1, (x - axis[low]) / (axis[low + 1] - axis[low])};
  }
  /// Linear, and never beyond its ends by rounding.
  static double between(double a, double b, double share) {
    return std::min(std::max(a + share * (b - a), std::min(a, b)), std::max(a, b));
  }

  std::string_view key(const Node& node) const { return std::string_view(bytes_).substr(node.key, node.key_end - node.key); }
  std::string_view content(const Node& text) const {
    return std::string_view(bytes_).substr(text.begin + 1, text.end - text.begin - 2);
  }
  const Node* child(const Node& node) const { return node.first ? &nodes_[node.first] : nullptr; }
  const Node* next(const Node& node) const { return node.next ? &nodes_[node.next] : nullptr; }
  const Node* find(const Node& object, std::string_view name) const {
    if (object.kind != Kind::object) return nullptr;
    for (const Node* one = child(object); one; one = next(*one))
      if (key(*one) == name) return one;
    return nullptr;
  }
  const Node* at_path(std::string_view path) const {
    const Node* node = open_ ? &nodes_[0] : nullptr;
    while (node && !path.empty()) {
      const std::size_t slash = std::min(path.find('/'), path.size());
      node = find(*node, path.substr(0, slash));
      path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return node;
  }
  double number(const Node& object, std::string_view name) const {
    const Node* const node = find(object, name);
    return node ? node->number : preset_no_number;
  }
  /// Puts a name before what is refused, on the way out.
  PresetError blame(PresetError error, std::string_view name) {
    if (error != PresetError::none) where_.insert(0, std::string(name) + (where_.empty() ? "" : "/"));
    return error;
  }

  PresetError load(std::string_view bytes, const PresetRules& rules) {
    if (bytes.size() > preset_max_bytes) return PresetError::too_large;
    bytes_.assign(bytes);
    preset_detail::Parser parser(bytes_);
    parser.nodes.reserve(1024);
    const PresetError parsed = parser.parse();
    nodes_ = std::move(parser.nodes);
    if (parsed != PresetError::none) return blame(parsed, "byte " + std::to_string(parser.at()));
    const Node& root = nodes_[0];
    if (root.kind != Kind::object) return PresetError::wrong_kind;
    const Node* const version = find(root, "schema_version");
    if (!version || version->kind != Kind::text || !preset_detail::holds(Kind::schema_version, content(*version)))
      return blame(PresetError::wrong_version, "schema_version");
    const Node* const hash = find(root, "sha256");
    if (!hash) return blame(PresetError::missing_key, "sha256");
    if (!hashed(*hash)) return blame(PresetError::wrong_hash, "sha256");
    const Field whole{"preset", Kind::object, preset_detail::root};
    if (const PresetError error = check(root, whole, minor_of(content(*version))); error != PresetError::none) return error;
    if (const PresetError error = take(root); error != PresetError::none) return error;
    return keep(root, rules);
  }

  /// 0 or 1, or the newest for all later ones.
  static int minor_of(std::string_view version) {
    std::string_view minor = version.substr(2, version.find('.', 2) - 2);
    minor.remove_prefix(std::min(minor.find_first_not_of('0'), minor.size()));
    if (minor.empty()) return 0;
    const int known = minor.size() == 1 ? minor.front() - '0' : preset_detail::newest_minor;
    return std::min(known, preset_detail::newest_minor);
  }

  /// Whether the bytes without the member sha256 have that SHA-256: cut out of canonical bytes, they are canonical.
  bool hashed(const Node& hash) const {
    const std::string_view all(bytes_);
    if (hash.key < 3 || hash.kind != Kind::text) return false;  // it is never the first member
    const auto digest = preset_detail::sha256(all.substr(0, hash.key - 2), all.substr(hash.end));
    char text[65];
    for (std::size_t n = 0; n < 32; ++n) {
      text[2 * n] = "0123456789abcdef"[digest[n] >> 4];
      text[2 * n + 1] = "0123456789abcdef"[digest[n] & 15];
    }
    return content(hash) == std::string_view(text, 64);
  }

  PresetError check(const Node& node, const Field& field, int minor) {
    const bool list = field.kind == Kind::list || field.kind == Kind::axis || field.kind == Kind::choices;
    const bool map = field.kind == Kind::map;
    const bool object = field.kind == Kind::object || map;
    if (!list && !object) return check_value(node, field);
    if (node.kind != (list ? Kind::list : Kind::object)) return PresetError::wrong_kind;
    int count = 0;
    for (const Node* one = child(node); one; one = next(*one), ++count) {
      const Field* inside = field.inside;
      Field each{field.name, Kind::object, field.inside};
      if (list) {
        if (!inside)
          each.kind = field.kind == Kind::axis ? Kind::positive : field.kind == Kind::choices ? Kind::choice : Kind::text;
        if (inside == preset_detail::cell && find(*one, "none")) each.inside = preset_detail::no_cell;
      } else if (map) {
        if (!preset_detail::all_of(key(*one), "abcdefghijklmnopqrstuvwxyz0123456789_"))
          return blame(PresetError::unknown_key, key(*one));
      } else {
        const auto fits = [&] { return inside->name == key(*one) && inside->since <= minor && minor <= inside->until; };
        while (inside->kind != Kind::end && !fits()) ++inside;
        if (inside->kind == Kind::end) return blame(PresetError::unknown_key, key(*one));
        each = *inside;
      }
      const PresetError error = check(*one, each, minor);
      if (error != PresetError::none) return blame(error, list ? std::to_string(count) : std::string(key(*one)));
    }
    if (!object || map) return count < field.least ? PresetError::missing_key : PresetError::none;
    for (const Field* wanted = field.inside; wanted->kind != Kind::end; ++wanted)
      if (!wanted->optional && !find(node, wanted->name)) return blame(PresetError::missing_key, wanted->name);
    return PresetError::none;
  }
  PresetError check_value(const Node& node, const Field& field) const {
    if (field.kind == Kind::literal)  // true or false
      return node.kind == Kind::literal && bytes_[node.begin] != 'n' ? PresetError::none : PresetError::wrong_kind;
    if (field.kind == Kind::choice) return check_value(node, {"", node.kind == Kind::number ? Kind::number : Kind::text});
    const bool is_number = field.kind >= Kind::number && field.kind <= Kind::prongs;
    if (node.kind != (is_number ? Kind::number : Kind::text)) return PresetError::wrong_kind;
    const bool good = is_number           ? preset_detail::holds(field.kind, node.number)
                      : field.least == -1 ? true
                                          : preset_detail::holds(field.kind, content(node));
    return good ? PresetError::none : PresetError::out_of_range;
  }

  /// Takes settings, limits, table and alarms out of the document; the settings stand inside what they must.
  PresetError take(const Node& root) {
    const Node &own = *find(root, "settings"), &envelope = *find(root, "envelope"), &tolerance = *find(root, "tolerance");
    const Node* const limits = find(*find(root, "machine"), "limits");
    for (const char* name : {"depth_mm", "dwell_ms", "frequency_hz"})
      if (!find(envelope, name)) return blame(blame(PresetError::missing_key, name), "envelope");
    for (std::size_t n = 0; n < 6; ++n) {
      const auto& [name, value] = preset_detail::named_settings[n];
      settings_.*value = number(own, name);
      for (Range* one : {&envelope_[n], &machine_[n]}) {
        const Node* const range = one == &envelope_[n] ? find(envelope, name) : limits ? find(*limits, name) : nullptr;
        *one = range ? Range{number(*range, "min"), number(*range, "max")} : Range{};
      }
    }
    if (const PresetError error = take_table(find(root, "settings_table")); error != PresetError::none)
      return blame(error, "settings_table");
    open_ = true;  // for `allows`
    PresetError error = blame(allows(settings_), "settings");
    for (const Node* box = child(tolerance); box && error == PresetError::none; box = next(*box)) {
      const double value = number(own, key(*box)), low = number(*box, "min"), high = number(*box, "max");
      if (!(value >= low && value <= high)) error = blame(PresetError::outside_tolerance, "settings");
      for (const double edge : {low, high})
        if (error == PresetError::none) error = blame(allowed(key(*box), edge), "tolerance");
    }
    for (const Node* row = child(*find(root, "adaptation")); row && error == PresetError::none; row = next(*row))
      for (const char* name : {"depth_mm", "dwell_ms"})
        if (error == PresetError::none) error = blame(allowed(name, number(*find(*row, "settings"), name)), "adaptation");
    for (std::size_t n = 0; n < cells_.size() && error == PresetError::none; ++n)
      for (const std::size_t m : {0u, 1u})
        if (cells_[n].there && error == PresetError::none)
          error = blame(allowed(preset_detail::cell[m].name, cells_[n].values[m]), "settings_table/cells/" + std::to_string(n));
    open_ = false;
    if (error == PresetError::none) error = take_alarms(*find(root, "alarms"));
    if (error == PresetError::none) error = blame(take_sessions(find(root, "sessions")), "sessions");
    if (error == PresetError::none) error = blame(check_location(find(root, "location")), "location");
    return error == PresetError::none ? check_searched(find(root, "searched")) : error;
  }
  /// One setting by name, the others as they are.
  PresetError allowed(std::string_view name, double value) const {
    PresetSettings wanted = settings_;
    for (const auto& one : preset_detail::named_settings)
      if (one.name == name) wanted.*one.value = value;
    return allows(wanted);
  }
  PresetError take_table(const Node* table) {
    if (!table) return PresetError::none;
    for (auto [name, axis] : {std::pair{"thickness_um", &thickness_}, std::pair{"force_n", &force_}}) {
      axis->clear();
      for (const Node* one = child(*find(*table, name)); one; one = next(*one)) {
        if (!axis->empty() && one->number <= axis->back()) return blame(PresetError::out_of_range, name);
        axis->push_back(one->number);
      }
      if (axis->size() < 2 || axis->size() > preset_max_axis) return blame(PresetError::out_of_range, name);
    }
    for (const Node* one = child(*find(*table, "cells")); one; one = next(*one)) {
      Cell cell;
      cell.there = !find(*one, "none");
      for (std::size_t n = 0; n < 7 && cell.there; ++n) cell.values[n] = number(*one, preset_detail::cell[n].name);
      cells_.push_back(cell);
    }
    return cells_.size() == thickness_.size() * force_.size() ? PresetError::none : blame(PresetError::out_of_range, "cells");
  }
  PresetError take_alarms(const Node& alarms) {
    for (const Node* one = child(alarms); one; one = next(*one)) {
      const auto words = [&](const char* name) { return content(*find(*one, name)); };
      const std::string_view text = words("quantity");
      const std::size_t space = std::min(text.rfind(' '), text.size());
      const PresetAlarm alarm{words("name"),        text.substr(0, space), text.substr(std::min(space + 1, text.size())),
                              words("unit"),        words("action"),       words("reason"),
                              number(*one, "warn"), number(*one, "stop")};
      const bool warns = std::isfinite(alarm.warn), stops = std::isfinite(alarm.stop);
      const bool one_side = (alarm.side == "below" || alarm.side == "above") && (warns || stops);
      if (alarm.quantity.empty() || !(one_side || (alarm.side == "outside" && warns && stops)))
        return blame(PresetError::out_of_range, "alarms");
      alarms_.push_back(alarm);
    }
    return PresetError::none;
  }

  /// Takes the session plan; it can be kept, and no alarm stops at its earliest day.
  PresetError take_sessions(const Node* plan) {
    sessions_.error = PresetError::no_plan;
    if (!plan) return PresetError::none;
    const Node &count = *find(*plan, "count"), &days = *find(*plan, "days_between"), &due = *find(*plan, "touch_up");
    PresetSessions found;
    found.error = PresetError::none;
    found.fewest = static_cast<int>(number(count, "min"));
    found.most = static_cast<int>(number(count, "max"));
    found.earliest_day = number(*plan, "earliest_day");
    found.days_between_min = number(days, "min");
    found.days_between_max = number(days, "max");
    found.touch_up_horizon_years = number(due, "horizon_years");
    if (found.fewest > found.most) return blame(PresetError::impossible_plan, "count");
    int purposes = 0;
    for (const Node* one = child(*find(*plan, "purposes")); one; one = next(*one), ++purposes)
      if (purposes < found.most) found.purposes[static_cast<std::size_t>(purposes)] = content(*one);
    if (purposes != found.most) return blame(PresetError::impossible_plan, "purposes");
    if (found.days_between_min > found.days_between_max) return blame(PresetError::impossible_plan, "days_between");
    bool known = false;
    if (found.earliest_day > found.days_between_min ||
        by_alarms(preset_days_since, found.earliest_day, known) == PresetVerdict::stop)
      return blame(PresetError::impossible_plan, "earliest_day");
    double before = 0.0;
    for (const std::size_t n : {0u, 1u, 2u}) {
      const Node* const years = find(due, std::array{"p05_years", "p50_years", "p95_years"}[n]);
      found.touch_up_years[n] = years ? years->number : HUGE_VAL;
      if (found.touch_up_years[n] < before || (years && years->number > found.touch_up_horizon_years))
        return blame(PresetError::impossible_plan, "touch_up");
      before = found.touch_up_years[n];
    }
    sessions_ = found;
    return PresetError::none;
  }
  PresetError check_location(const Node* location) {
    if (!location) return PresetError::none;
    for (const auto& field : preset_detail::two) {
      if (field.kind == Kind::end) break;
      const Node& range = *find(*find(*location, "range"), field.name);
      const double best = number(*find(*location, "best"), field.name);
      if (!(number(range, "min") <= best && best <= number(range, "max"))) return blame(PresetError::out_of_range, "range");
    }
    return PresetError::none;
  }
  PresetError check_searched(const Node* searched) {
    int count = 0;
    for (const Node* one = searched ? child(*searched) : nullptr; one; one = next(*one), ++count) {
      const auto bytes = [&](const Node& node) { return std::string_view(bytes_).substr(node.begin, node.end - node.begin); };
      const Node* tried = child(*find(*one, "tried"));
      while (tried && bytes(*tried) != bytes(*find(*one, "chosen"))) tried = next(*tried);  // canonical: equal means equal bytes
      if (!tried) return blame(PresetError::out_of_range, "searched/" + std::to_string(count));
    }
    return PresetError::none;
  }

  /// The rules of the driver: status, date, machine, signature.
  PresetError keep(const Node& root, const PresetRules& rules) {
    const Node &about = *find(root, "preset"), &machine = *find(root, "machine");
    const std::string_view status = content(*find(about, "status"));
    if (status == "withdrawn") return blame(PresetError::withdrawn, "preset/status");
    if (status == "research" && !rules.allow_research) return blame(PresetError::research, "preset/status");
    if (const Node* const last = find(about, "expires")) {
      if (!preset_detail::is_date(rules.today)) return blame(PresetError::no_date, "preset/expires");
      if (rules.today > content(*last)) return blame(PresetError::expired, "preset/expires");
    }
    if (rules.machine_model != content(*find(machine, "model"))) return blame(PresetError::wrong_machine, "machine/model");
    for (std::size_t n = 0; n < 6; ++n) {
      const auto& [name, value] = preset_detail::named_settings[n];
      const double low = rules.lowest.*value, high = rules.highest.*value;
      if (!(low <= high)) return blame(PresetError::outside_machine, name);
      machine_[n] = {std::max(machine_[n].min, low), std::min(machine_[n].max, high)};
    }
    open_ = true;
    PresetError error = blame(allows(settings_), "settings");
    for (const Cell& cell : cells_)
      for (const std::size_t m : {0u, 1u})
        if (cell.there && error == PresetError::none)
          error = blame(allowed(preset_detail::cell[m].name, cell.values[m]), "settings_table");
    open_ = false;
    return error == PresetError::none ? signed_well(rules) : error;
  }
  PresetError signed_well(const PresetRules& rules) {
    if (rules.public_key.empty()) return rules.allow_unsigned ? PresetError::none : PresetError::unsigned_preset;
    if (rules.signature.empty()) return PresetError::unsigned_preset;
#if defined(DF_PRESET_WITH_SODIUM) && DF_PRESET_WITH_SODIUM
    const auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
    if (rules.public_key.size() != crypto_sign_PUBLICKEYBYTES || rules.signature.size() != crypto_sign_BYTES || sodium_init() < 0 ||
        crypto_sign_verify_detached(bytes(rules.signature), bytes(bytes_), bytes_.size(), bytes(rules.public_key)) != 0)
      return PresetError::bad_signature;
    return PresetError::none;
#else
    return PresetError::no_sodium;
#endif
  }
};

}  // namespace dermaflux
