#!/usr/bin/env node
require("../dist/vits.cjs")
