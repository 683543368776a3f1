#include "rpc/http/http_routes.h"

#include <gtest/gtest.h>

namespace unmask::rpc {
namespace {

HttpRoute named(const std::string& name) {
  return HttpHandler([name](const HttpRequest&) {
    HttpResponse response;
    response.body = name;
    return response;
  });
}

class HttpRoutesTest : public testing::Test {
 protected:
  HttpRoutesTest() {
    for (const char* path : {"/", "/jobs", "/jobs/*", "/jobs/*/frames", "/jobs/all"}) {
      routes_.add("GET", path, named(path));
    }
    routes_.add("DELETE", "/jobs/*", named("delete"));
  }

  /// Which route answers, or the status of the refusal.
  std::string found(const std::string& path, const std::string& method = "GET") const {
    const auto route = routes_.find(method, path);
    if (const auto* refused = std::get_if<HttpResponse>(&route)) {
      return std::to_string(refused->status);
    }
    return std::get<HttpHandler>(*std::get<const HttpRoute*>(route))({}).body;
  }

  HttpRoutes routes_;
};

TEST_F(HttpRoutesTest, AStarIsAnyOnePart) {
  EXPECT_EQ(found("/jobs/a"), "/jobs/*");
  EXPECT_EQ(found("/jobs/a/frames"), "/jobs/*/frames");
  EXPECT_EQ(found("/jobs/a", "HEAD"), "/jobs/*");
  EXPECT_EQ(found("/jobs/a", "DELETE"), "delete");
  EXPECT_EQ(found("/jobs/a", "PUT"), "405");
}

TEST_F(HttpRoutesTest, TheExactPathIsFirst) {
  EXPECT_EQ(found("/jobs/all"), "/jobs/all");
  EXPECT_EQ(found("/"), "/");
}

TEST_F(HttpRoutesTest, NoPartAndMorePartsAreNone) {
  for (const char* path : {"/jobs/", "/jobs//frames", "/jobs/a/b", "/jobs/a/frames/", "jobs", "*",
                           "//", "/jobs/a/b/frames", ""}) {
    EXPECT_EQ(found(path), "404") << path;
  }
}

}  // namespace
}  // namespace unmask::rpc
