// Prints every page that Google's client for Node gets for the parameters, one JSON value a line, or its error.
// node search.mjs ROOT_URL KEY METHOD PARAMETERS
import { factchecktools } from "@googleapis/factchecktools";

const [rootUrl, auth, method, parameters] = process.argv.slice(2);
const client = factchecktools({ version: "v1alpha1", auth, rootUrl });
const print = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const asked = JSON.parse(parameters);
try {
  do {
    const { data } = await client.claims[method](asked, { retry: false });
    print(data);
    asked.pageToken = data.nextPageToken;
  } while (asked.pageToken);
} catch (error) {
  print({ status: error.status, message: error.message, body: error.response?.data });
}
