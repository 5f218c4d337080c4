"""The repositories of managed certificates on SQL, together."""

from privyseal.managed.repositories import ManagedRows
from privyseal.stores.repositories.managed import SqlIssuedSerials, SqlManagedCertificates
from privyseal.stores.repositories.managed_accounts import SqlAccountConfigurations
from privyseal.stores.repositories.managed_imports import SqlImports
from privyseal.stores.repositories.managed_search import SqlCertificateSearch
from privyseal.stores.repositories.tags import SqlTags

MANAGED_ROWS = ManagedRows(
    certificates=SqlManagedCertificates(),
    serials=SqlIssuedSerials(),
    accounts=SqlAccountConfigurations(),
    imports=SqlImports(),
    search=SqlCertificateSearch(),
    tags=SqlTags(),
)
