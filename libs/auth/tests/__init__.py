"""Tests of libs.auth, one module for each module they exercise."""
