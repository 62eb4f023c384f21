// Healthy is to be the primary of the replica set; what was never part of one is made the first member.
db.getSiblingDB("admin").auth("root", fs.readFileSync("/run/secrets/mongodb_root_password", "utf8"));
try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
}
quit(db.hello().isWritablePrimary ? 0 : 1);
