/// Nothing to find, so that it is read once.

namespace {

int twice(int number) { return 2 * number; }

}  // namespace

int main() { return twice(0); }
