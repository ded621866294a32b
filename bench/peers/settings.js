// Node-RED's settings for the comparison: everything else is as shipped.
module.exports = {
    uiHost: "127.0.0.1",
    uiPort: Number(process.env.PEER_UI_PORT),
    flowFile: process.env.PEER_FLOW,
    credentialSecret: false,
    functionGlobalContext: { pg: require("pg") }, // the way Node-RED's manual gives a function node a module
    logging: { console: { level: "info", metrics: false, audit: false } },
};
