#include <quicether/base/node_id.hpp>

int main() {
  return quicether::NodeId::parse("00112233445566778899aabbccddeeff00112233") ? 0 : 1;
}
