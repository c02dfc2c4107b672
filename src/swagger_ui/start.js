
const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];
window.ui = SwaggerUIBundle({
  url: new URL("swagger.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  onComplete: () => window.ui.layoutActions.show(["operations-tag", "movies"], true),
  displayRequestDuration: true,
  operationsSorter: (a, b) => METHODS.indexOf(a.get("method")) - METHODS.indexOf(b.get("method")),
  // Prevents requests to another host.
  validatorUrl: null,
});
