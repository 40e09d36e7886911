#include "resolver.hpp"

int main() {
  return 69;
}
