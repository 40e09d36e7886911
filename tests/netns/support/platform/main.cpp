#include "commands.hpp"

#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <span>
#include <string_view>

int main(int argc, char** argv) {
  using namespace quicether::test;
  const std::map<std::string_view, void (*)(const Arguments&)> commands{{"tun-echo", tun_echo},
                                                                        {"tun-bridge", tun_bridge},
                                                                        {"tcp-serve", tcp_serve},
                                                                        {"tcp-push", tcp_push},
                                                                        {"udp-echo", udp_echo},
                                                                        {"udp-check", udp_check},
                                                                        {"udp-send", udp_send}};
  const std::span words{argv, static_cast<std::size_t>(argc)};
  const auto command = argc < 2 ? commands.end() : commands.find(words[1]);
  if (command == commands.end()) {
    std::fprintf(stderr, "usage: %s COMMAND KEY=VALUE…\n", words[0]);
    return 2;
  }
  try {
    command->second(Arguments{words.subspan(2)});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", words[1], error.what());
    return 1;
  }
}
