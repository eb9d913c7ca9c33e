import pymysql

# Django's MySQL backend imports MySQLdb, which needs a compiler to install; this one has the same interface.
pymysql.install_as_MySQLdb()
