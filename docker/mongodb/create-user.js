// Run once by the image, on an empty data folder and before anyone can connect: the service's own user, for its database alone.
const secrets = JSON.parse(fs.readFileSync("/run/secrets/service", "utf8"));
db.getSiblingDB("jobdb").createUser({
  user: secrets.MONGODB_USER,
  pwd: secrets.MONGODB_PASSWORD,
  roles: [
    { role: "readWrite", db: "jobdb" },
    { role: "dbAdmin", db: "jobdb" },
  ],
});
