// The API's reference: Swagger UI as django-ninja ships it, on our own document. Nothing comes from another host.
const reference = document.getElementById("reference");
window.SwaggerUIBundle({
  url: reference.dataset.document,
  domNode: reference,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  tryItOutEnabled: false,
  validatorUrl: null,
});
